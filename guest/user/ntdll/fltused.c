/* The name that compilers refer to in every program that computes with floating point. */

extern int _fltused;
int _fltused = 0x9875;

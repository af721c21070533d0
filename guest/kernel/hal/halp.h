/* Private to hal. */
#pragma once

/* console.c; the button before anybody can press it */
VOID HalpInitializePowerButton(VOID);
VOID HalpInitializeConsole(VOID);

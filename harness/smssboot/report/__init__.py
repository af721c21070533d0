"""What people and other programs are told: terminal text, JSON, JUnit.  Pure: opens nothing."""

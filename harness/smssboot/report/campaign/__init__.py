"""What a campaign's reports show, and the formats: terminal, JSON, JUnit, a page.  Pure, like all reports."""

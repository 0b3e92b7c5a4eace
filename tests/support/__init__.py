"""Data, projects and drivers that several rooms of the tests share."""

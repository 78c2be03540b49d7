"""The application: settings, people, the wiring of its rooms, and the way to TokPortal."""

"""Who is told, when, and until when: reminders at shares of a promised time, and a ladder that climbs."""

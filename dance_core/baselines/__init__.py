"""Methods that DANCE is compared with on the same features."""

"""Object and scene concepts of each class: recorded, from a file, from a language model or from a vocabulary."""

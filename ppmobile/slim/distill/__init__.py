"""What a student learns from a teacher: the losses, the teacher itself, and what each head's answers mean for it."""

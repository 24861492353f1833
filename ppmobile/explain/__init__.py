"""Pictures that show what a model does: curves, confusion, labelled images and its worst mistakes."""

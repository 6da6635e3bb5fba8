"""From unlabelled images to labelled ones: states, the next image, drafts, accepted label maps."""

"""The network: layers, losses, metrics, optimizers, and a training step on several devices."""

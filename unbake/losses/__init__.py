"""Loss terms of training, as pure functions of tensors."""

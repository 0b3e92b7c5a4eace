"""Knowledge of a texture's material from outside its pixels, with reasons; read by `convert`."""

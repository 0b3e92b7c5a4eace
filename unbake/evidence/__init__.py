"""What is known of a texture's material outside its pixels, said with reasons; read by `convert`."""

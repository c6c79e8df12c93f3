large    = true
features = ["recommendations"]

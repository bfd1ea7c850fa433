"""The census: camera networks counted by banners that somebody has; nothing is contacted."""

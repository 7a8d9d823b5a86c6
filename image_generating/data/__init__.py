"""Sources of images (folder, Kaggle, phantom) and the one prepared form that training reads."""

from image_generating.data.dataset import Dataset
from image_generating.data.loading import load

__all__ = ["Dataset", "load"]

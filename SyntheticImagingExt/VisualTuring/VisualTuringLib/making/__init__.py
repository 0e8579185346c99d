"""Making a study: its images, what is asked of readers, whether the cases are enough, and the folder it becomes."""

"""Starting the ranks of a training job: here, with TorchX, as a Volcano Job or a TrainJob."""

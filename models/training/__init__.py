"""Training: NeMo modules, Lightning under NeMo's experiment manager, checkpoints without pickle."""

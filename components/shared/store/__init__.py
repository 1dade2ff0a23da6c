"""The artifact store: artifacts, their manifests, what determines them, making and reusing them."""

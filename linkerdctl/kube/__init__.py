"""The cluster: kubeconfig and auth, API client, TYPE/NAME grammar, objects, owner walk, meshed or not."""

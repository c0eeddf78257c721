"""Pure: specifications and observed traffic to routes to ServiceProfile and Gateway API manifests."""

"""What serving is measured with: models, servers, clients and the Lambda Runtime API."""

"""The rig of the serving benchmark: models, servers, clients and a Lambda Runtime API."""

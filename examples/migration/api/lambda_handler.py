"""The application as Lambda calls it: API Gateway's proxy events in, WSGI inside."""
from apig_wsgi import make_lambda_handler

from app import app

# API Gateway hands every body over as Base64 (BinaryMediaTypes */*), and takes every answer so.
handler = make_lambda_handler(app, binary_support=True)

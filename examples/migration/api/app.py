"""The API: one WSGI application, whatever runs it.

    GET  /health            200, for load balancers
    GET  /products          a page of products (?page=1&size=20)
    GET  /products/7        one of them
    POST /quotes            {"product": 7, "quantity": 3} → its price, with the discount by quantity
    GET  /products/7/label  the product's label as a PNG: bytes, not text
    POST /fault             {"status": 503, "seconds": 20}: answers so for a while; only with ALLOW_FAULTS=true

Everything is computed from the request, so that both sides of the migration answer with the same bytes.
"""
import os
import struct
import time
import zlib

from flask import Flask, Response, jsonify, request

PRODUCTS = 500
app = Flask(__name__)
app.json.sort_keys = True
fault = {"until": 0.0, "status": 503}


def product(number):
    return {"id": number, "name": f"Product {number}", "cents": 199 + number * 37 % 9800, "stock": number * 13 % 90}


@app.before_request
def fail_when_told():
    if time.monotonic() < fault["until"] and request.path not in ("/health", "/fault"):
        return jsonify(error="This instance was told to fail."), fault["status"]
    return None


@app.get("/")
@app.get("/health")
def health():
    return jsonify(status="ok")


@app.get("/products")
def products():
    page, size = request.args.get("page", 1, int), request.args.get("size", 20, int)
    if page < 1 or not 1 <= size <= 100:
        return jsonify(error="page begins at 1, and size is 1 to 100."), 400
    first = (page - 1) * size + 1
    listed = [product(number) for number in range(first, min(first + size, PRODUCTS + 1))]
    return jsonify(page=page, size=size, total=PRODUCTS, products=listed)


@app.get("/products/<int:number>")
def one_product(number):
    if not 1 <= number <= PRODUCTS:
        return jsonify(error=f"There is no product {number}."), 404
    return jsonify(product(number))


@app.post("/quotes")
def quote():
    wanted = request.get_json(silent=True) or {}
    number, quantity = wanted.get("product"), wanted.get("quantity")
    if not isinstance(number, int) or not isinstance(quantity, int) or quantity < 1:
        return jsonify(error='Send {"product": 7, "quantity": 3}.'), 400
    if not 1 <= number <= PRODUCTS:
        return jsonify(error=f"There is no product {number}."), 404
    percent = 10 if quantity >= 100 else 5 if quantity >= 10 else 0
    cents = product(number)["cents"] * quantity * (100 - percent) // 100
    return jsonify(product=number, quantity=quantity, discount_percent=percent, cents=cents), 201


def png(width, height, pixel):
    """An RGB image from pixel(x, y) → (r, g, b)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


@app.get("/products/<int:number>/label")
def label(number):
    if not 1 <= number <= PRODUCTS:
        return jsonify(error=f"There is no product {number}."), 404
    image = png(96, 32, lambda x, y: ((x * number) % 256, (y * 8) % 256, (number * 7) % 256))
    return Response(image, mimetype="image/png")


@app.post("/fault")
def set_fault():
    if os.environ.get("ALLOW_FAULTS") != "true":
        return jsonify(error="Faults are not allowed here."), 403
    wanted = request.get_json(silent=True) or {}
    fault["status"] = int(wanted.get("status", 503))
    fault["until"] = time.monotonic() + float(wanted.get("seconds", 0))
    return jsonify(instance=os.environ.get("HOSTNAME", ""), **wanted)

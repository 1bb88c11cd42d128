# The runtime client of Python functions: started before its function is known, it waits for a
# claim, loads the handler, and then speaks the Lambda Runtime API (2018-06-01) over a Unix socket.
# Errors, log formats and the context object are those of AWS's runtimes.
# https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

SOCKET = "/run/lambda/api.sock"
MOST_RESPONSE = 6 * 1024 * 1024 + 100
INDENT = "\u00a0\u00a0"


class Fault(Exception):
    """An error that has Lambda's type and message instead of Python's."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace or []


class Api:
    """HTTP/1.1 on one connection. An answer and the question for more leave in one write."""

    def __init__(self):
        self.socket = None
        self.buffer = b""

    def send(self, data):
        if self.socket is None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(SOCKET)
            self.buffer = b""
        self.socket.sendall(data)

    def receive(self):
        buffer = self.buffer
        end = buffer.find(b"\r\n\r\n")
        while end < 0:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the Runtime API closed the connection")
            buffer += piece
            end = buffer.find(b"\r\n\r\n")
        lines = buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = bytearray(buffer[end + 4:])
        while len(body) < length:
            piece = self.socket.recv(min(1 << 20, length - len(body) + 4096))
            if not piece:
                raise ConnectionError("the Runtime API closed the connection")
            body += piece
        self.buffer = bytes(body[length:])
        return int(lines[0].split(" ")[1]), headers, bytes(body[:length])

    def get(self, path):
        self.send(b"GET " + path + b" HTTP/1.1\r\nHost: lambda\r\n\r\n")
        return self.receive()

    def post(self, path, body, headers=""):
        self.send(self.post_bytes(path, body, headers))
        return self.receive()

    @staticmethod
    def post_bytes(path, body, headers=""):
        return (f"POST {path} HTTP/1.1\r\nHost: lambda\r\nContent-Type: application/json\r\n"
                f"{headers}Content-Length: {len(body)}\r\n\r\n").encode("latin-1") + body


NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n"


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client:
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code",
                 "app_package_name"]


class ClientContext:
    __slots__ = ["custom", "env", "client"]


def filled(into, values, names):
    for name in names:
        setattr(into, name, (values or {}).get(name))
    return into


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self._deadline = int(headers.get("lambda-runtime-deadline-ms", "0"))
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn", "")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.client_context = self._client_context(headers)
        identity = json.loads(headers.get("lambda-runtime-cognito-identity") or "{}")
        self.identity = CognitoIdentity()
        self.identity.cognito_identity_id = identity.get("cognitoIdentityId")
        self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")

    @staticmethod
    def _client_context(headers):
        text = headers.get("lambda-runtime-client-context")
        if not text:
            return None
        values = json.loads(text)
        context = filled(ClientContext(), values, ["custom", "env"])
        context.client = None
        if values.get("client"):
            context.client = filled(Client(), values["client"], Client.__slots__)
        return context

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(round(time.time() * 1000)), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return (f"LambdaContext([aws_request_id={self.aws_request_id},"
                f"log_group_name={self.log_group_name},log_stream_name={self.log_stream_name},"
                f"function_name={self.function_name},"
                f"memory_limit_in_mb={self.memory_limit_in_mb},"
                f"function_version={self.function_version},"
                f"invoked_function_arn={self.invoked_function_arn},"
                f"client_context={self.client_context},identity={self.identity}])")


class RequestFilter(logging.Filter):
    request_id = None

    def filter(self, record):
        record.aws_request_id = RequestFilter.request_id
        return True


class RecordHandler(logging.Handler):
    """A record is one event of the log: its newlines travel as carriage returns."""

    def emit(self, record):
        sys.stdout.write(self.format(record).replace("\n", "\r") + "\n")
        sys.stdout.flush()


def set_up_logging():
    handler = RecordHandler()
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)


def error_document(kind, message, trace, request_id):
    document = {"errorMessage": message, "errorType": kind, "requestId": request_id}
    document["stackTrace"] = trace
    return document


def log_error(document):
    kind, message = document["errorType"], document["errorMessage"]
    lines = [f"[ERROR] {kind}: {message}" if kind else f"[ERROR] {message}"]
    if document["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        for element in document["stackTrace"]:
            for line in element.splitlines() or [""]:
                rest = line.lstrip(" ")
                lines.append(INDENT * ((len(line) - len(rest)) // 2) + rest)
    sys.stdout.write("\r".join(lines).replace("\n", "\r") + "\n")
    sys.stdout.flush()


def failure(error, request_id):
    """The document of what a handler, or its module, raised. Our own frames are left out."""
    if isinstance(error, Fault):
        return error_document(error.kind, error.message, error.trace, request_id)
    frames = traceback.extract_tb(error.__traceback__)
    while frames and (frames[0].filename == __file__ or "importlib" in frames[0].filename):
        frames.pop(0)
    trace = traceback.format_list([(one.filename, one.lineno, one.name, one.line)
                                   for one in frames])
    return error_document(type(error).__name__, str(error), trace, request_id)


def load_handler(name):
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict",
                    f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError",
                    f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError",
                    f"Syntax error in module '{module_name}': {error}", trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound",
                    f"Handler '{function_name}' missing on module '{module_name}'") from None


def plain(value):
    """What json cannot write: decimals become numbers, as in AWS's runtime."""
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def run(handler, headers, body):
    try:
        event = json.loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError",
                    f"Unable to unmarshal input: {error}") from None
    result = handler(event, LambdaContext(headers))
    try:
        response = json.dumps(result, default=plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if len(response) > MOST_RESPONSE:
        raise Fault("Function.ResponseSizeTooLarge",
                    f"Response payload size ({len(response)} bytes) exceeded maximum allowed "
                    f"payload size ({MOST_RESPONSE} bytes).")
    return response


def serve(api, handler):
    waiting = NEXT
    while True:
        api.send(waiting)
        if waiting is not NEXT:
            api.receive()  # 202 for the answer.
        status, headers, body = api.receive()
        if status != 200:
            raise ConnectionError(f"the Runtime API answered {status}")
        request_id = headers["lambda-runtime-aws-request-id"]
        RequestFilter.request_id = request_id
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        elif "_X_AMZN_TRACE_ID" in os.environ:
            del os.environ["_X_AMZN_TRACE_ID"]
        path = f"/2018-06-01/runtime/invocation/{request_id}/"
        try:
            answer = Api.post_bytes(path + "response", run(handler, headers, body))
        except Exception as error:  # noqa: BLE001: whatever the handler raised is its answer.
            document = failure(error, request_id)
            log_error(document)
            answer = Api.post_bytes(
                path + "error", json.dumps(document, ensure_ascii=False).encode(),
                f"Lambda-Runtime-Function-Error-Type: {type_header(document)}\r\n")
        sys.stdout.flush()
        sys.stderr.flush()
        waiting = answer + NEXT


def type_header(document):
    return document["errorType"].encode("ascii", "replace").decode()


def restart(variables, wrapper):
    """The interpreter anew, for variables that it reads at its start only."""
    environment = dict(os.environ)
    environment.update(variables)
    command = [sys.executable, __file__, "serve"]
    if wrapper:
        command.insert(0, wrapper)
    try:
        os.execve(command[0], command, environment)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


def main():
    api = Api()
    if len(sys.argv) < 2:
        _, _, body = api.get(b"/unkai/claim")
        claim = json.loads(body)
        if claim["restart"]:
            api.socket.close()
            restart(claim["variables"], claim.get("wrapper"))
        os.environ.update(claim["variables"])
        if "TZ" in claim["variables"]:
            time.tzset()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path = [path for path in sys.path if os.path.abspath(path) != own]
    sys.path[0:0] = [os.environ["LAMBDA_TASK_ROOT"],
                     f"/opt/python/lib/python{version}/site-packages", "/opt/python"]
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    set_up_logging()
    sys.argv = [""]
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001: whatever the module raised is why it cannot run.
        document = failure(error, "")
        log_error(document)
        api.post("/2018-06-01/runtime/init/error", json.dumps(document).encode(),
                 f"Lambda-Runtime-Function-Error-Type: {type_header(document)}\r\n")
        sys.exit(1)
    serve(api, handler)


if __name__ == "__main__":
    main()

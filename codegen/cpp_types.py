"""What the header and the tables of a service share: C++ types, fields, errors, literals."""

from model import SCALARS

PROTOCOLS = {
    "query": "query",
    "ec2": "ec2",
    "json": "json",
    "rest-json": "rest_json",
    "rest-xml": "rest_xml",
    "smithy-rpc-v2-cbor": "cbor",
}


def literal(text):
    out = ""
    for char in text:
        if char in '"\\':
            out += "\\" + char
        elif 32 <= ord(char) < 127:
            out += char
        else:
            out += "".join(f"\\{byte:03o}" for byte in char.encode())
    return f'"{out}"'


class CppTypes:
    def __init__(self, name, model):
        self.name, self.model = name, model
        self.space = name.replace("-", "_")
        self.metadata = model.metadata
        self.protocols = [PROTOCOLS[p] for p in self._protocol_names()]
        self.is_query = self.protocols[0] in ("query", "ec2", "rest_xml")

    def _protocol_names(self):
        first = self.metadata["protocol"]
        names = [first] + [p for p in self.metadata.get("protocols", []) if p != first]
        if "awsQueryCompatible" in self.metadata and "query" not in names:
            names.append("query")
        return names

    def type_of(self, reference):
        """The C++ type of a value."""
        if reference.kind in SCALARS:
            return SCALARS[reference.kind][1]
        if reference.kind == "structure":
            return self.model.cpp[reference.name]
        if reference.kind == "list":
            element = self.model.parts(reference.name)[0]
            if element.kind == "boolean":
                raise SystemExit(
                    f"{self.name}: list of booleans {reference.name} has no C++ type yet"
                )
            return f"::unkai::List<{self.type_of(element)}>"
        return f"::unkai::Map<{self.type_of(self.model.parts(reference.name)[1])}>"

    def field(self, member):
        """The C++ type of a member's field, and its initializer."""
        value = self.type_of(member)
        if member.kind in ("list", "map"):
            return value, ""
        if member.boxed:
            return f"::unkai::Box<{value}>", ""
        if member.required:
            return value, SCALARS[member.kind][2] if member.kind in SCALARS else ""
        return f"std::optional<{value}>", ""

    def storage(self, member):
        value = self.type_of(member)
        if member.kind in ("list", "map"):
            return f"&::unkai::given_storage<{value}>"
        if member.boxed:
            return f"&::unkai::box_storage<{value}>"
        return "nullptr" if member.required else f"&::unkai::optional_storage<{value}>"

    def exceptions(self):
        for name, shape in sorted(self.model.shapes.items()):
            if shape["type"] == "structure" and (shape.get("exception") or "error" in shape):
                error = shape.get("error", {})
                server = shape.get("fault") or error.get("fault")
                yield (
                    name,
                    error.get("code", name),
                    error.get("httpStatusCode", 500 if server else 400),
                    not server,
                    "Message" in shape["members"],
                )

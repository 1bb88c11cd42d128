#!/usr/bin/env python3
"""Generates a service's C++ from its model and its promised operations.

    codegen/generate.py models/sqs.json src/services/sqs/sqs.ops build/dev/gen/api/sqs

writes sqs.h (structs, errors, class Service) and sqs.cc (tables). Needs Python 3.9 and nothing else.
What the tables mean: src/base/shape.h and src/base/service_info.h.
"""

import pathlib
import sys

from model import SCALARS, Model, safe, snake, unique
from overrides import OUTPUT_ELEMENTS, XMLNS

ENUM_CONSTANTS_LIMIT = 200  # Longer enums (instance types) are checked but not spelled out as constants.
PROTOCOLS = {"query": "query", "ec2": "ec2", "json": "json", "rest-json": "rest_json",
             "rest-xml": "rest_xml", "smithy-rpc-v2-cbor": "cbor"}
LOCATIONS = {"header": "header", "headers": "header_prefix", "uri": "uri", "querystring": "query",
             "statusCode": "status_code"}
TIME_FORMATS = {"iso8601": "timestamp_iso8601", "unixTimestamp": "timestamp_epoch",
                "rfc822": "timestamp_http"}


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


class Generator:
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

    # Types.

    def type_of(self, reference):
        """The C++ type of a value."""
        if reference.kind in SCALARS:
            return SCALARS[reference.kind][1]
        if reference.kind == "structure":
            return self.model.cpp[reference.name]
        if reference.kind == "list":
            element = self.model.parts(reference.name)[0]
            if element.kind == "boolean":
                raise SystemExit(f"{self.name}: list of booleans {reference.name} has no C++ type yet")
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

    # The header.

    def header(self):
        out = [f"// Generated from models/{self.name}.json and {self.name}.ops. Not to be edited.",
               "#pragma once", "", '#include "base/service_info.h"']
        if any(operation.is_async for operation in self.model.operations):
            out.append('#include "rt/task.h"')
        out += ["", f"namespace unkai::api::{self.space} {{", ""]
        out += [f"struct {self.model.cpp[name]};" for name in self.model.order]
        out += [""] + self.enums()
        for name in self.model.order:
            out += self.structure(name)
        for name in self.model.empty:
            out += [f"struct {name} {{", "    static const ::unkai::ShapeInfo shape_info;",
                    f"    bool operator==(const {name}&) const = default;", "};", ""]
        out += [f"using {alias} = {self.model.cpp[shape]};" for alias, shape in self.model.aliases]
        out += [""] + self.errors() + self.service() + self.operation_traits()
        out += [f"}}  // namespace unkai::api::{self.space}"]
        return "\n".join(out) + "\n"

    def enums(self):
        out, used = [], set()
        for name in self.model.reached:
            shape = self.model.shapes[name]
            if shape["type"] != "string" or not 0 < len(shape.get("enum", [])) <= ENUM_CONSTANTS_LIMIT:
                continue
            out.append(f"namespace {unique(snake(name), used)} {{")
            names = set()
            for value in shape["enum"]:
                word = unique(safe(snake(value).strip("_") if value else "none"), names)
                out.append(f"inline constexpr std::string_view {word} = {literal(value)};")
            out += ["}", ""]
        return out

    def structure(self, name):
        cpp = self.model.cpp[name]
        out = [f"struct {cpp} {{"]
        for member in self.model.members[name]:
            kind, initial = self.field(member)
            out.append(f"    {kind} {member.field}{initial};")
        return out + ["    static const ::unkai::ShapeInfo shape_info;",
                      f"    bool operator==(const {cpp}&) const = default;", "};", ""]

    def exceptions(self):
        for name, shape in sorted(self.model.shapes.items()):
            if shape["type"] == "structure" and (shape.get("exception") or "error" in shape):
                error = shape.get("error", {})
                server = shape.get("fault") or error.get("fault")
                yield (name, error.get("code", name),
                       error.get("httpStatusCode", 500 if server else 400), not server,
                       "Message" in shape["members"])

    def errors(self):
        out = ["namespace errors {"]
        for name, code, status, *_ in self.exceptions():
            word = literal(code if self.is_query else name)
            out += [f"inline ::unkai::Error {safe(name)}(std::string message = {{}}) {{",
                    f"    return {{{word}, std::move(message), {status}, {{}}}};", "}"]
        return out + ["}  // namespace errors", ""]

    def service(self):
        out = ["class Service {", "public:", "    virtual ~Service() = default;"]
        for operation in self.model.operations:
            result = f"::unkai::Result<{operation.name}Output>"
            if operation.is_async:
                result = f"::unkai::Task<{result}>"
            out += [f"    virtual {result} {operation.name}(",
                    f"        ::unkai::aws::Call& call, const {operation.name}Input& in) = 0;"]
        return out + ["};", "", "extern const ::unkai::ServiceInfo info;",
                      "inline ::unkai::BoundService bind(Service& service) { return {&info, &service}; }",
                      ""]

    def operation_traits(self):
        out = ["namespace op {"]
        for index, operation in enumerate(self.model.operations):
            out += [f"struct {operation.name} {{",
                    f"    using Input = {operation.name}Input;",
                    f"    using Output = {operation.name}Output;",
                    f'    static constexpr std::string_view service = "{self.name}";',
                    f'    static constexpr std::string_view name = "{operation.name}";',
                    f"    static const ::unkai::OperationInfo& info() {{",
                    f"        return api::{self.space}::info.operations[{index}];", "    }", "};"]
        return out + ["}  // namespace op", ""]

    # The tables.

    def source(self):
        out = [f"// Generated from models/{self.name}.json and {self.name}.ops. Not to be edited.",
               f'#include "api/{self.name}.h"', "", '#pragma clang diagnostic ignored "-Winvalid-offsetof"',
               "", f"namespace unkai::api::{self.space} {{", "", "namespace tables {"]
        shared = [name for name in self.model.reached if self.has_table(name)]
        out += [f"extern const ::unkai::ShapeInfo {safe(name)};" for name in shared]
        for name in shared:
            out += self.constraints(name)
        for name in shared:
            out.append(self.shape_table(name))
        out += ["}  // namespace tables", ""]
        for name in self.model.order:
            out += self.structure_table(name)
        roots = {name for name in self.model.empty}
        out += [f"constinit const ::unkai::ShapeInfo {name}::shape_info = {{.kind = ::unkai::Kind::structure, .name = \"{name}\","
                f" .create = ::unkai::create_shape<{name}>, .destroy = ::unkai::destroy_shape<{name}>}};" for name in
                sorted(roots)]
        out += [""] + self.invoke_templates() + self.operation_tables() + self.service_table()
        out += [f"}}  // namespace unkai::api::{self.space}"]
        return "\n".join(out) + "\n"

    def is_checked(self, name):
        """Whether inputs reach this shape and it has constraints."""
        shape = self.model.shapes[name]
        return name in self.model.inputs and shape["type"] not in ("structure", "timestamp") and any(
            key in shape for key in ("min", "max", "pattern", "enum", "sensitive"))

    def has_table(self, name):
        """Lists and maps always, scalars where their constraints are checked."""
        return self.model.shapes[name]["type"] in ("list", "map") or self.is_checked(name)

    def shape_of(self, reference):
        if reference.kind == "structure":
            return f"&{self.model.cpp[reference.name]}::shape_info"
        if reference.kind == "timestamp":
            form = TIME_FORMATS.get(reference.trait("timestampFormat"), "timestamp")
            return f"&::unkai::shapes::{form}"
        if self.has_table(reference.name):
            return f"&tables::{safe(reference.name)}"
        return f"&::unkai::shapes::{SCALARS[reference.kind][0]}"

    def constraints(self, name):
        """The lines that define what is checked of a shape's values."""
        if not self.is_checked(name):
            return []
        shape, word = self.model.shapes[name], safe(name)
        out, parts = [], []
        for key in ("min", "max"):
            if key in shape:
                parts.append(f".{key} = {float(shape[key])!r}")
        if shape.get("pattern"):
            parts.append(f".pattern = {literal(shape['pattern'])}")
        if shape.get("enum"):
            values = ", ".join(literal(value) for value in shape["enum"])
            out.append(f"static constexpr std::string_view {word}_values[] = {{{values}}};")
            parts += [f".values = {word}_values", f".value_count = {len(shape['enum'])}"]
        if shape.get("sensitive"):
            parts.append(".sensitive = true")
        return out + [f"static constexpr ::unkai::Constraints {word}_constraints = "
                      f"{{{', '.join(parts)}}};"]

    def shape_table(self, name):
        shape = self.model.shapes[name]
        parts = []
        if shape["type"] == "list":
            element = self.model.parts(name)[0]
            parts += [".kind = ::unkai::Kind::list", f".element = {self.shape_of(element)}"]
            if "locationName" in element.raw:
                parts.append(f".element_name = {literal(element.raw['locationName'])}")
            parts.append(f".list = &::unkai::list_ops<{self.type_of(element)}>")
        elif shape["type"] == "map":
            key, value = self.model.parts(name)
            parts += [".kind = ::unkai::Kind::map", f".element = {self.shape_of(value)}"]
            if "locationName" in value.raw:
                parts.append(f".element_name = {literal(value.raw['locationName'])}")
            if "locationName" in key.raw:
                parts.append(f".key_name = {literal(key.raw['locationName'])}")
            parts.append(f".map = &::unkai::map_ops<{self.type_of(value)}>")
        else:
            parts.append(f".kind = ::unkai::Kind::{SCALARS[shape['type']][0]}")
        if self.is_checked(name):
            parts.append(f".constraints = &{safe(name)}_constraints")
        if shape["type"] == "map" and self.is_checked(key.name):
            parts.append(f".key_constraints = &{safe(key.name)}_constraints")
        return f"constinit const ::unkai::ShapeInfo {safe(name)} = {{{', '.join(parts)}}};"

    def member_row(self, owner, member):
        location = "payload" if member.is_payload else LOCATIONS.get(member.trait("location"), "body")
        flags = [flag for flag, on in (
            ("required", member.required), ("flattened", member.trait("flattened")),
            ("xml_attribute", member.trait("xmlAttribute")), ("json_value", member.trait("jsonvalue")),
            ("idempotency_token", member.raw.get("idempotencyToken")),
            ("host_label", member.raw.get("hostLabel")), ("sensitive", member.trait("sensitive"))) if on]
        row = [literal(member.wire), literal(member.raw.get("locationName", member.wire)),
               self.shape_of(member), self.storage(member),
               f"offsetof({self.model.cpp[owner]}, {member.field})", f"::unkai::Location::{location}",
               " | ".join(f"::unkai::MemberInfo::{flag}" for flag in flags) or "0"]
        namespace = xmlns(member.trait("xmlNamespace"))
        if member.raw.get("queryName") or namespace:
            row += [literal(member.raw.get("queryName", "")), literal(namespace)]
        return f"    {{{', '.join(row)}}},"

    def structure_table(self, name):
        cpp, members, shape = self.model.cpp[name], self.model.members[name], self.model.shapes[name]
        out, parts = [], [".kind = ::unkai::Kind::structure",
                          f".name = {literal(shape.get('locationName', name))}"]
        if members:
            out = [f"static constexpr ::unkai::MemberInfo {cpp}_members[] = {{"]
            out += [self.member_row(name, member) for member in members] + ["};"]
            parts += [f".members = {cpp}_members", f".member_count = {len(members)}"]
        if shape.get("union"):
            parts.append(".is_union = true")
        if shape.get("xmlNamespace"):
            parts.append(f".xmlns = {literal(xmlns(shape['xmlNamespace']))}")
        if any(name in (o.shape("input"), o.shape("output")) for o in self.model.operations):
            parts += [f".create = ::unkai::create_shape<{cpp}>", f".destroy = ::unkai::destroy_shape<{cpp}>"]
        return out + [f"constinit const ::unkai::ShapeInfo {cpp}::shape_info = {{{', '.join(parts)}}};"]

    def invoke_templates(self):
        out = []
        if any(not operation.is_async for operation in self.model.operations):
            out += ["template <class Op, auto Method>",
                    "static ::unkai::Status invoke(void* service, ::unkai::aws::Call& call, const void* in,",
                    "                              void* out) {",
                    "    auto result = (static_cast<Service*>(service)->*Method)(",
                    "        call, *static_cast<const typename Op::Input*>(in));",
                    "    if (!result) return ::unkai::unexpected(std::move(result.error()));",
                    "    *static_cast<typename Op::Output*>(out) = std::move(*result);",
                    "    return ::unkai::ok();", "}", ""]
        if any(operation.is_async for operation in self.model.operations):
            out += ["template <class Op, auto Method>",
                    "static ::unkai::Task<::unkai::Status> invoke_async(void* service, ::unkai::aws::Call& call,",
                    "                                          const void* in, void* out) {",
                    "    auto result = co_await (static_cast<Service*>(service)->*Method)(",
                    "        call, *static_cast<const typename Op::Input*>(in));",
                    "    if (!result) co_return ::unkai::unexpected(std::move(result.error()));",
                    "    *static_cast<typename Op::Output*>(out) = std::move(*result);",
                    "    co_return ::unkai::ok();", "}", ""]
        return out

    def operation_tables(self):
        out, rows = [], []
        for operation in self.model.operations:
            if operation.errors:
                names = ", ".join(literal(error) for error in operation.errors)
                out.append(f"static constexpr std::string_view {operation.name}_errors[] = {{{names}}};")
            rows.append(self.operation_row(operation))
        return out + ["static constexpr ::unkai::OperationInfo operations[] = {"] + rows + ["};", ""]

    def operation_row(self, operation):
        given, taken = operation.raw.get("input", {}), operation.raw.get("output", {})
        parts = [f".name = {literal(operation.name)}", f".method = {literal(operation.http['method'])}",
                 f".uri = {literal(operation.http['requestUri'])}",
                 f".status = {operation.http.get('responseCode', 200)}"]
        for side in ("input", "output"):
            if self.streams(operation.shape(side)):
                parts.append(f".streaming_{side} = true")
        if operation.raw.get("authtype") == "none":
            parts.append(".unsigned_allowed = true")
        parts += [f".input = &{operation.name}Input::shape_info",
                  f".output = &{operation.name}Output::shape_info"]
        if given.get("locationName"):
            parts.append(f".input_element = {literal(given['locationName'])}")
        if given.get("xmlNamespace"):
            parts.append(f".input_xmlns = {literal(xmlns(given['xmlNamespace']))}")
        element = self.output_element(operation, taken)
        if element:
            parts.append(f".output_element = {literal(element)}")
        if operation.errors:
            parts += [f".errors = {operation.name}_errors", f".error_count = {len(operation.errors)}"]
        word = "invoke_async" if operation.is_async else "invoke"
        parts.append(f".{word} = {word}<op::{operation.name}, &Service::{operation.name}>")
        return f"    {{{', '.join(parts)}}},"

    def output_element(self, operation, taken):
        if "resultWrapper" in taken:
            return taken["resultWrapper"]
        if "query" in self.protocols and "shape" in taken:
            return operation.name + "Result"
        return OUTPUT_ELEMENTS.get(self.name, {}).get(operation.name)

    def streams(self, name):
        if not name:
            return False
        members = self.model.shapes[name]["members"].values()
        return any(self.model.reference(raw).is_stream for raw in members)

    def service_table(self):
        meta = self.metadata
        promised = {operation.name for operation in self.model.operations}
        others = [f"    {literal(f'{name} ' + raw['http']['method'] + ' ' + raw['http']['requestUri'])}"
                  f' "\\n"' for name, raw in self.model.all_operations.items() if name not in promised]
        errors = [f"    {{{literal(name)}, {literal(code)}, {status}, {str(sender).lower()}, "
                  f"{str(capital).lower()}}},"
                  for name, code, status, sender, capital in self.exceptions()]
        protocols = ", ".join(f"::unkai::Protocol::{p}" for p in self.protocols)
        out = [f"static constexpr ::unkai::Protocol protocols[] = {{{protocols}}};", ""]
        if errors:
            out += ["static constexpr ::unkai::ErrorInfo error_table[] = {"] + errors + ["};", ""]
        fields = [("name", literal(self.name)), ("service_id", literal(meta.get("serviceId", ""))),
                  ("endpoint_prefix", literal(meta["endpointPrefix"])),
                  ("signing_name", literal(meta.get("signingName", meta["endpointPrefix"]))),
                  ("target_prefix", literal(meta.get("targetPrefix", ""))),
                  ("api_version", literal(meta.get("apiVersion", ""))),
                  ("xmlns", literal(xmlns(meta.get("xmlNamespace")) or XMLNS.get(self.name, ""))),
                  ("json_version", literal(meta.get("jsonVersion", ""))),
                  ("global", "true" if "globalEndpoint" in meta else "false"),
                  ("query_compatible", "true" if "awsQueryCompatible" in meta else "false"),
                  ("protocols", "protocols"), ("protocol_count", len(self.protocols)),
                  ("operations", "operations"), ("operation_count", len(promised)),
                  ("unpromised", "\n" + "\n".join(others) if others else '""'),
                  ("errors", "error_table" if errors else "nullptr"), ("error_count", len(errors))]
        out += ["const ::unkai::ServiceInfo info = {"] + [f"    .{key} = {value}," for key, value in fields]
        return out + ["};", ""]


def xmlns(trait):
    """ "uri" or "prefix uri"."""
    if not trait:
        return ""
    if isinstance(trait, str):
        return trait
    return f"{trait['prefix']} {trait['uri']}" if trait.get("prefix") else trait.get("uri", "")


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    model_path, ops_path, target = map(pathlib.Path, sys.argv[1:])
    sys.setrecursionlimit(10000)
    generator = Generator(target.name, Model(model_path, ops_path))
    write_if_changed(target.parent / f"{target.name}.h", generator.header())
    write_if_changed(target.parent / f"{target.name}.cc", generator.source())


if __name__ == "__main__":
    main()

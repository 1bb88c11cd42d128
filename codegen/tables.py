"""Writes a service's source: the tables of shapes, operations and the service itself."""

from cpp_types import CppTypes, literal
from model import SCALARS, safe
from overrides import OUTPUT_ELEMENTS, UNSIGNED, XMLNS

LOCATIONS = {
    "header": "header",
    "headers": "header_prefix",
    "uri": "uri",
    "querystring": "query",
    "statusCode": "status_code",
}
TIME_FORMATS = {
    "iso8601": "timestamp_iso8601",
    "unixTimestamp": "timestamp_epoch",
    "rfc822": "timestamp_http",
}


INVOKE = """
template <class Op, auto Method>
static ::unkai::Status invoke(void* service, ::unkai::aws::Call& call, const void* in, void* out) {
    auto result = (static_cast<Service*>(service)->*Method)(
        call, *static_cast<const typename Op::Input*>(in));
    if (!result) return result.failure();
    ::unkai::replace_shape(out, std::move(*result));
    return ::unkai::ok();
}
"""
INVOKE_ASYNC = """
template <class Op, auto Method>
static ::unkai::Task<::unkai::Status> invoke_async(void* service, ::unkai::aws::Call& call,
                                                   const void* in, void* out) {
    auto result = co_await (static_cast<Service*>(service)->*Method)(
        call, *static_cast<const typename Op::Input*>(in));
    if (!result) co_return result.failure();
    ::unkai::replace_shape(out, std::move(*result));
    co_return ::unkai::ok();
}
"""


class Tables(CppTypes):
    def text(self):
        out = [
            f"// Generated from models/{self.name}.json and {self.name}.ops. Not to be edited.",
            f'#include "api/{self.name}.h"',
            "",
            '#include "base/shape_tables.h"',
            "",
            '#pragma clang diagnostic ignored "-Winvalid-offsetof"',
            "",
            f"namespace unkai::api::{self.space} {{",
            "",
            "namespace tables {",
        ]
        shared = [name for name in self.model.reached if self.has_table(name)]
        out += [f"extern const ::unkai::ShapeInfo {safe(name)};" for name in shared]
        for name in shared:
            out += self.constraints(name)
        for name in shared:
            out.append(self.shape_table(name))
        out += ["}  // namespace tables", ""]
        for name in self.model.order:
            out += self.structure_table(name)
        for name in sorted(self.model.empty):
            parts = [".kind = ::unkai::Kind::structure", f".name = {literal(name)}"]
            parts += [f".create = ::unkai::create_shape<{name}>"]
            parts += [f".destroy = ::unkai::destroy_shape<{name}>"]
            out += [
                f"constinit const ::unkai::ShapeInfo {name}::shape_info = {{{', '.join(parts)}}};"
            ]
        out += [""] + self.invoke_templates() + self.operation_tables() + self.service_table()
        out += [f"}}  // namespace unkai::api::{self.space}"]
        return "\n".join(out) + "\n"

    def is_checked(self, name):
        """Whether inputs reach this shape and it has constraints."""
        shape = self.model.shapes[name]
        return (
            name in self.model.inputs
            and shape["type"] not in ("structure", "timestamp")
            and any(key in shape for key in ("min", "max", "pattern", "enum", "sensitive"))
        )

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
        return out + [
            f"static constexpr ::unkai::Constraints {word}_constraints = "
            f"{{{', '.join(parts)}}};"
        ]

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
        location = (
            "payload" if member.is_payload else LOCATIONS.get(member.trait("location"), "body")
        )
        flags = [
            flag
            for flag, on in (
                ("required", member.required),
                ("flattened", member.trait("flattened")),
                ("xml_attribute", member.trait("xmlAttribute")),
                ("json_value", member.trait("jsonvalue")),
                ("idempotency_token", member.raw.get("idempotencyToken")),
                ("host_label", member.raw.get("hostLabel")),
                ("sensitive", member.trait("sensitive")),
            )
            if on
        ]
        row = [
            literal(member.wire),
            literal(member.raw.get("locationName", member.wire)),
            self.shape_of(member),
            self.storage(member),
            f"offsetof({self.model.cpp[owner]}, {member.field})",
            f"::unkai::Location::{location}",
            " | ".join(f"::unkai::MemberInfo::{flag}" for flag in flags) or "0",
        ]
        namespace = xmlns(member.trait("xmlNamespace"))
        if member.raw.get("queryName") or namespace:
            row += [literal(member.raw.get("queryName", "")), literal(namespace)]
        return f"    {{{', '.join(row)}}},"

    def structure_table(self, name):
        cpp, members, shape = (
            self.model.cpp[name],
            self.model.members[name],
            self.model.shapes[name],
        )
        out, parts = [], [
            ".kind = ::unkai::Kind::structure",
            f".name = {literal(shape.get('locationName', name))}",
        ]
        if members:
            out = [f"static constexpr ::unkai::MemberInfo {cpp}_members[] = {{"]
            out += [self.member_row(name, member) for member in members] + ["};"]
            parts += [f".members = {cpp}_members", f".member_count = {len(members)}"]
        if shape.get("union"):
            parts.append(".is_union = true")
        if shape.get("xmlNamespace"):
            parts.append(f".xmlns = {literal(xmlns(shape['xmlNamespace']))}")
        if any(name in (o.shape("input"), o.shape("output")) for o in self.model.operations):
            parts += [
                f".create = ::unkai::create_shape<{cpp}>",
                f".destroy = ::unkai::destroy_shape<{cpp}>",
            ]
        return out + [
            f"constinit const ::unkai::ShapeInfo {cpp}::shape_info = {{{', '.join(parts)}}};"
        ]

    def invoke_templates(self):
        kinds = {operation.is_async for operation in self.model.operations}
        return ([INVOKE] if False in kinds else []) + ([INVOKE_ASYNC] if True in kinds else [])

    def operation_tables(self):
        out, rows = [], []
        for operation in self.model.operations:
            if operation.errors:
                names = ", ".join(literal(error) for error in operation.errors)
                out.append(
                    f"static constexpr std::string_view {operation.name}_errors[] = {{{names}}};"
                )
            rows.append(self.operation_row(operation))
        return (
            out + ["static constexpr ::unkai::OperationInfo operations[] = {"] + rows + ["};", ""]
        )

    def operation_row(self, operation):
        given, taken = operation.raw.get("input", {}), operation.raw.get("output", {})
        parts = [
            f".name = {literal(operation.name)}",
            f".method = {literal(operation.http['method'])}",
            f".uri = {literal(operation.http['requestUri'])}",
            f".status = {operation.http.get('responseCode', 200)}",
        ]
        for side in ("input", "output"):
            if self.streams(operation.shape(side)):
                parts.append(f".streaming_{side} = true")
        unsigned = operation.name in UNSIGNED.get(self.name, ())
        if unsigned or operation.raw.get("authtype") == "none":
            parts.append(".unsigned_allowed = true")
        parts += [
            f".input = &{operation.name}Input::shape_info",
            f".output = &{operation.name}Output::shape_info",
        ]
        if given.get("locationName"):
            parts.append(f".input_element = {literal(given['locationName'])}")
        if given.get("xmlNamespace"):
            parts.append(f".input_xmlns = {literal(xmlns(given['xmlNamespace']))}")
        element = self.output_element(operation, taken)
        if element:
            parts.append(f".output_element = {literal(element)}")
        if operation.errors:
            parts += [
                f".errors = {operation.name}_errors",
                f".error_count = {len(operation.errors)}",
            ]
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
        others = [
            f"    {literal(f'{name} ' + raw['http']['method'] + ' ' + raw['http']['requestUri'])}"
            f' "\\n"'
            for name, raw in self.model.all_operations.items()
            if name not in promised
        ]
        errors = [
            f"    {{{literal(name)}, {literal(code)}, {status}, {str(sender).lower()}, "
            f"{str(capital).lower()}}},"
            for name, code, status, sender, capital in self.exceptions()
        ]
        protocols = ", ".join(f"::unkai::Protocol::{p}" for p in self.protocols)
        out = [f"static constexpr ::unkai::Protocol protocols[] = {{{protocols}}};", ""]
        if errors:
            out += ["static constexpr ::unkai::ErrorInfo error_table[] = {"] + errors + ["};", ""]
        fields = [
            ("name", literal(self.name)),
            ("service_id", literal(meta.get("serviceId", ""))),
            ("endpoint_prefix", literal(meta["endpointPrefix"])),
            ("signing_name", literal(meta.get("signingName", meta["endpointPrefix"]))),
            ("target_prefix", literal(meta.get("targetPrefix", ""))),
            ("api_version", literal(meta.get("apiVersion", ""))),
            ("xmlns", literal(xmlns(meta.get("xmlNamespace")) or XMLNS.get(self.name, ""))),
            ("json_version", literal(meta.get("jsonVersion", ""))),
            ("global", "true" if "globalEndpoint" in meta else "false"),
            ("query_compatible", "true" if "awsQueryCompatible" in meta else "false"),
            ("protocols", "protocols"),
            ("protocol_count", len(self.protocols)),
            ("operations", "operations"),
            ("operation_count", len(promised)),
            ("unpromised", "\n" + "\n".join(others) if others else '""'),
            ("errors", "error_table" if errors else "nullptr"),
            ("error_count", len(errors)),
        ]
        out += ["const ::unkai::ServiceInfo info = {"] + [
            f"    .{key} = {value}," for key, value in fields
        ]
        return out + ["};", ""]


def xmlns(trait):
    """ "uri" or "prefix uri"."""
    if not trait:
        return ""
    if isinstance(trait, str):
        return trait
    return f"{trait['prefix']} {trait['uri']}" if trait.get("prefix") else trait.get("uri", "")

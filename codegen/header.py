"""Writes a service's header: enums, structs, errors, the abstract Service, operation traits."""

from cpp_types import CppTypes, literal
from model import safe, snake, unique

# Longer enums (instance types) are checked but not spelled out as constants.
ENUM_CONSTANTS_LIMIT = 200


class Header(CppTypes):
    def text(self):
        out = [
            f"// Generated from models/{self.name}.json and {self.name}.ops. Not to be edited.",
            "#pragma once",
            "",
            '#include "base/service_info.h"',
        ]
        if any(operation.is_async for operation in self.model.operations):
            out.append('#include "rt/task.h"')
        out += ["", f"namespace unkai::api::{self.space} {{", ""]
        out += [f"struct {self.model.cpp[name]};" for name in self.model.order]
        out += [""] + self.enums()
        for name in self.model.order:
            out += self.structure(name)
        for name in self.model.empty:
            out += [
                f"struct {name} {{",
                "    static const ::unkai::ShapeInfo shape_info;",
                "};",
                "",
            ]
        out += [
            "template <::unkai::Shaped T>",
            "bool operator==(const T& left, const T& right) {",
            "    return ::unkai::same_shape(T::shape_info, &left, &right);",
            "}",
            "",
        ]
        out += [f"using {alias} = {self.model.cpp[shape]};" for alias, shape in self.model.aliases]
        out += [""] + self.errors() + self.service() + self.operation_traits()
        out += [f"}}  // namespace unkai::api::{self.space}"]
        return "\n".join(out) + "\n"

    def enums(self):
        out, used = [], set()
        for name in self.model.reached:
            shape = self.model.shapes[name]
            if (
                shape["type"] != "string"
                or not 0 < len(shape.get("enum", [])) <= ENUM_CONSTANTS_LIMIT
            ):
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
        return out + [
            "    static const ::unkai::ShapeInfo shape_info;",
            "};",
            "",
        ]

    def errors(self):
        out = ["namespace errors {"]
        for name, code, status, *_ in self.exceptions():
            word = literal(code if self.is_query else name)
            out.append(f"inline constexpr ::unkai::ErrorKind {safe(name)} = {{{word}, {status}}};")
        return out + ["}  // namespace errors", ""]

    def service(self):
        out = ["class Service {", "public:", "    virtual ~Service() = default;"]
        for operation in self.model.operations:
            result = f"::unkai::Result<{operation.name}Output>"
            if operation.is_async:
                result = f"::unkai::Task<{result}>"
            out += [
                f"    virtual {result} {operation.name}(",
                f"        ::unkai::aws::Call& call, const {operation.name}Input& in) = 0;",
            ]
        return out + [
            "};",
            "",
            "extern const ::unkai::ServiceInfo info;",
            "inline ::unkai::BoundService bind(Service& service) { return {&info, &service}; }",
            "",
        ]

    def operation_traits(self):
        out = ["namespace op {"]
        for index, operation in enumerate(self.model.operations):
            out += [
                f"struct {operation.name} {{",
                f"    using Input = {operation.name}Input;",
                f"    using Output = {operation.name}Output;",
                f'    static constexpr std::string_view service = "{self.name}";',
                f'    static constexpr std::string_view name = "{operation.name}";',
                f"    static const ::unkai::OperationInfo& info() {{",
                f"        return api::{self.space}::info.operations[{index}];",
                "    }",
                "};",
            ]
        return out + ["}  // namespace op", ""]

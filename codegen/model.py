"""AWS's models as the generator sees them: what promised operations reach, with C++ names.

A reference to a shape carries traits (flattened, timestampFormat, ...); those of the reference win
over those of the shape, as in AWS's own clients. Names are the exception: a shape's own
locationName names it only as the root of a body.
"""

import json
import re

from overrides import restore_old_query_form

KEYWORDS = set("""
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept
const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype
default delete do double dynamic_cast else enum explicit export extern false float for friend
goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq
private protected public register reinterpret_cast requires return short signed sizeof static
static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor xor_eq linux unix errno
""".split())
# Names that the generated namespace or the generated structs need for themselves.
TAKEN = {"info", "bind", "errors", "op", "tables", "shape_info"}

SCALARS = {
    "boolean": ("boolean", "bool", " = false"),
    "integer": ("int32", "int32_t", " = 0"),
    "long": ("int64", "int64_t", " = 0"),
    "float": ("number", "double", " = 0"),
    "double": ("number", "double", " = 0"),
    "string": ("string", "std::string", ""),
    "blob": ("blob", "std::string", ""),
    "timestamp": ("timestamp", "::unkai::Time", " = {}"),
    "document": ("document", "std::string", ""),
}


def snake(name):
    """DBInstanceIdentifier -> db_instance_identifier, MD5OfBody -> md5_of_body."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", name)
    plural = re.search(r"[A-Z]{2,}s$", name)
    if plural:
        head = name[: plural.start()]
        name = head + ("_" if head and not head.endswith("_") else "") + plural.group().lower()
    name = re.sub(r"([^_])([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return safe(name.strip("_").lower())


def safe(word):
    if not word or word[0].isdigit():
        word = "v" + word
    return word + "_" if word in KEYWORDS or word in TAKEN else word


def unique(word, used):
    candidate, count = word, 2
    while candidate in used:
        candidate, count = f"{word}_{count}", count + 1
    used.add(candidate)
    return candidate


class Reference:
    """A shape with the traits that apply where it is used."""

    def __init__(self, shapes, raw):
        self.name = raw["shape"]
        self.shape = shapes[self.name]
        self.raw = raw
        kind = self.shape["type"]
        self.kind = "document" if self.shape.get("document") else kind

    def trait(self, key, default=None):
        return self.raw.get(key, self.shape.get(key, default))

    @property
    def is_stream(self):
        return bool(self.trait("streaming") or self.shape.get("eventstream"))


class Member(Reference):
    def __init__(self, shapes, name, raw, owner):
        super().__init__(shapes, raw)
        self.wire = name
        self.required = name in owner.get("required", [])
        self.is_payload = owner.get("payload") == name
        self.field = ""
        self.boxed = False


class Operation:
    def __init__(self, name, raw, is_async):
        self.name, self.raw, self.is_async = name, raw, is_async
        self.http = raw["http"]
        self.errors = raw.get("errors", [])

    def shape(self, side):
        return self.raw.get(side, {}).get("shape")


def read_ops(path):
    """[(operation, is async)] of an .ops file: one a line, `#` begins a comment."""
    found = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) > 2 or (len(words) == 2 and words[1] != "async"):
                raise SystemExit(f"{path}:{number}: expected 'Operation' or 'Operation async'")
            if words[0] in dict(found):
                raise SystemExit(f"{path}:{number}: {words[0]} is promised twice")
            found.append((words[0], len(words) == 2))
    return sorted(found)


class Model:
    def __init__(self, model_path, ops_path):
        with open(model_path, encoding="utf-8") as file:
            raw = json.load(file)
        self.metadata, self.shapes, self.all_operations = (
            raw["metadata"],
            raw["shapes"],
            raw["operations"],
        )
        restore_old_query_form(self.metadata, self.shapes)
        self.operations = []
        for name, is_async in read_ops(ops_path):
            if name not in self.all_operations:
                raise SystemExit(f"{ops_path}: {model_path} has no operation {name}")
            self.operations.append(Operation(name, self.all_operations[name], is_async))
        self.members = {}  # structure -> [Member]
        self.inputs = set()
        self._collect()
        self._name_structures()
        self._order()

    def reference(self, raw):
        return Reference(self.shapes, raw)

    def parts(self, name):
        """The references that a list or map is made of."""
        shape = self.shapes[name]
        if shape["type"] == "list":
            return [self.reference(shape["member"])]
        if shape["type"] == "map":
            return [self.reference(shape["key"]), self.reference(shape["value"])]
        return []

    def _walk(self, name, seen):
        if name in seen:
            return
        seen.append(name)
        shape = self.shapes[name]
        if shape["type"] == "structure" and not shape.get("document"):
            if name not in self.members:
                self.members[name] = [
                    m
                    for m in (
                        Member(self.shapes, n, raw, shape) for n, raw in shape["members"].items()
                    )
                    if not m.is_stream
                ]
                used = set()
                for member in self.members[name]:
                    member.field = unique(snake(member.wire), used)
            for member in self.members[name]:
                self._walk(member.name, seen)
        for part in self.parts(name):
            self._walk(part.name, seen)

    def _collect(self):
        reached = {"input": [], "output": []}
        for operation in self.operations:
            for side, seen in reached.items():
                if operation.shape(side):
                    self._walk(operation.shape(side), seen)
        self.inputs = set(reached["input"])
        self.reached = sorted(set(reached["input"]) | set(reached["output"]))

    def _name_structures(self):
        """<Op>Input and <Op>Output where the shape serves nothing else, else the model's name."""
        uses = {}
        for members in self.members.values():
            for member in members:
                uses[member.name] = 2
        for name in self.reached:
            for part in self.parts(name):
                uses[part.name] = 2
        for operation in self.operations:
            for side in ("input", "output"):
                uses[operation.shape(side)] = uses.get(operation.shape(side), 0) + 1
        self.cpp, self.aliases, self.empty = {}, [], []
        for operation in self.operations:
            for side in ("input", "output"):
                shape, wanted = operation.shape(side), operation.name + side.capitalize()
                if shape is None:
                    self.empty.append(wanted)
                elif uses[shape] == 1 or shape == wanted:
                    self.cpp[shape] = wanted
                else:
                    self.aliases.append((wanted, shape))
        used = (
            set(self.cpp.values())
            | {alias for alias, _ in self.aliases}
            | set(self.empty)
            | {"Service"}
        )
        for name in sorted(self.members):
            if name not in self.cpp:
                word = "ServiceShape" if name == "Service" else name[0].upper() + name[1:]
                self.cpp[name] = unique(word, used)

    def _edges(self, name):
        """Structures that must be complete before this one, and all that it reaches in one step."""

        def through(inner):
            if inner in self.members:
                return [inner]
            return [found for part in self.parts(inner) for found in through(part.name)]

        return [found for member in self.members[name] for found in through(member.name)]

    def _order(self):
        """Structures after those that they contain; members that close a cycle are boxed."""
        self.order, group = [], {}
        for component in strongly_connected(sorted(self.members), self._edges):
            for name in component:
                group[name] = tuple(component)
            self.order.extend(sorted(component))
        for name, members in self.members.items():
            for member in members:
                same = group.get(member.name) == group[name]
                member.boxed = same and (len(group[name]) > 1 or member.name == name)


def strongly_connected(nodes, edges):
    """Tarjan's algorithm; components come after those that they reach."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges(node):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(stack[at:])
            del stack[at:]

    for node in nodes:
        if node not in index:
            visit(node)
    return found

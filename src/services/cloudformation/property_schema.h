// The properties that a resource type has, and fitting a template's values to them. Pure.
//
// Written as text, one word a property:  Name[!][^][:type]
//     !  required           ^  a change of it replaces the resource
//     type   s string · i integer · n number · b boolean · j anything · m map of strings
//            [type] list · {Name:type …} object · tags list of {Key, Value}
//     none   as the member of the same name in the input of the type's create operation
// e.g. "CidrBlock!^:s EnableDnsSupport:b Ports:[i] Alias:{Name!:s Zone:s} Tags:tags"
//
// Values fit when they can be meant: "8080" is an integer, true is the string "true", one string is
// a list of it. Names of members that come from API shapes match without regard to case; an array
// fits where the API wants {Quantity, Items}. Unknown members are errors. With `unevaluated`,
// functions fit anywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"
#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

struct PropertyType {
    enum class Kind { string, integer, number, boolean, any, map, list, object, by_api };
    struct Member;
    Kind kind = Kind::any;
    std::vector<Member> members;        // object
    std::vector<PropertyType> element;  // list: one
};

struct PropertyType::Member {
    std::string name;
    PropertyType type;
    bool required = false;
    bool replaces = false;
};

// Parsed once a text; a broken text is a bug (CHECK).
const PropertyType& property_schema(std::string_view text);

enum class Fit { evaluated, unevaluated };

// `path` starts the message: "#/Tags/0". Error: ValidationError "#/Tags: extraneous key [Foo] is
// not permitted".
Result<Json> fit_property(const Json& value, const PropertyType& type, Fit how,
                          const std::string& path);
Result<Json> fit_shape(const Json& value, const ShapeInfo& shape, Fit how, const std::string& path);

}  // namespace unkai::services::cloudformation

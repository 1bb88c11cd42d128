#include "aws/protocol/validate.h"

#include <algorithm>

#include "aws/protocol/path.h"
#include "aws/protocol/pattern.h"
#include "aws/protocol/scalar.h"
#include "base/shape_tables.h"
#include "base/strings.h"
#include "wire/json_stream.h"

namespace unkai::aws::protocol {

namespace {

// What a limit is about, in AWS's words.
std::string_view measured(Kind kind) {
    return kind == Kind::int32 || kind == Kind::int64 || kind == Kind::number ? "value" : "length";
}

size_t characters(std::string_view text) {
    size_t count = 0;
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
    return count;
}

double measure(const ShapeInfo& shape, const void* value) {
    switch (shape.kind) {
        case Kind::int32:
            return *static_cast<const int32_t*>(value);
        case Kind::int64:
            return static_cast<double>(*static_cast<const int64_t*>(value));
        case Kind::number:
            return *static_cast<const double*>(value);
        case Kind::list:
            return static_cast<double>(shape.list->size(value));
        case Kind::map:
            return static_cast<double>(shape.map->size(value));
        case Kind::string:
            return static_cast<double>(characters(*static_cast<const std::string*>(value)));
        case Kind::blob:
            return static_cast<double>(static_cast<const std::string*>(value)->size());
        default:
            return 0;
    }
}

std::string enum_text(const Constraints& limits) {
    std::string out = "Member must satisfy enum value set: [";
    for (uint16_t i = 0; i < limits.value_count; ++i) {
        if (i > 0) out += ", ";
        out += limits.values[i];
    }
    return out + "]";
}

bool has_value(const Constraints& limits, std::string_view value) {
    for (uint16_t i = 0; i < limits.value_count; ++i)
        if (limits.values[i] == value) return true;
    return false;
}

struct Measured {
    std::string_view what;  // "length" or "value"
    double size;
    std::string_view text;  // Of strings.
};

// "Member must have length less than or equal to 80", for each constraint that is broken.
void broken(const Constraints& limits, const Measured& value, std::vector<std::string>& out) {
    const auto bound = [&](std::string_view relation, double limit) {
        out.push_back("Member must have " + std::string(value.what) + " " + std::string(relation) +
                      " than or equal to " + wire::shortest_number(limit));
    };
    if (limits.max && value.size > *limits.max) bound("less", *limits.max);
    if (limits.min && value.size < *limits.min) bound("greater", *limits.min);
    if (limits.values != nullptr && !has_value(limits, value.text))
        out.push_back(enum_text(limits));
    if (!limits.pattern.empty() && !fits_pattern(limits.pattern, value.text))
        out.push_back("Member must satisfy regular expression pattern: " +
                      std::string(limits.pattern));
}

// All that an element of a list must satisfy, as AWS lists it when one does not.
std::string all_of(const Constraints& limits, Kind kind) {
    std::vector<std::string> parts;
    const std::string what(measured(kind));
    const auto bound = [&](std::string_view relation, double limit) {
        parts.push_back("Member must have " + what + " " + std::string(relation) +
                        " than or equal to " + wire::shortest_number(limit));
    };
    if (limits.max) bound("less", *limits.max);
    if (limits.min) bound("greater", *limits.min);
    if (!limits.pattern.empty())
        parts.push_back("Member must satisfy regular expression pattern: " +
                        std::string(limits.pattern));
    if (limits.values != nullptr) parts.push_back(enum_text(limits));
    return "[" + join(parts, ", ") + "]";
}

Measured measured_value(const ShapeInfo& shape, const void* value) {
    const bool text = shape.kind == Kind::string;
    return {measured(shape.kind), measure(shape, value),
            text ? *static_cast<const std::string*>(value) : std::string_view()};
}

class Validator {
public:
    explicit Validator(const std::vector<std::string>& missing) : missing_(missing) {}
    std::vector<std::string> out;

    void structure(const ShapeInfo& shape, const void* object, const Path& path) {
        for (const MemberInfo& member : shape) {
            const void* item = member.get(object);
            const Path here = path.member(member.name);
            if (item != nullptr && !(member.has(MemberInfo::required) && is_missing(here)))
                value(*member.shape, item, here, member.has(MemberInfo::sensitive));
        }
    }

private:
    // A missing member that is required has a field nevertheless; what lies there is not the
    // client's.
    bool is_missing(const Path& path) const {
        return !missing_.empty() &&
               std::find(missing_.begin(), missing_.end(), path.text()) != missing_.end();
    }

    void value(const ShapeInfo& shape, const void* item, const Path& path, bool secret) {
        if (shape.constraints != nullptr) {
            std::vector<std::string> reasons;
            broken(*shape.constraints, measured_value(shape, item), reasons);
            for (const std::string& reason : reasons) add(shape, item, path, secret, reason);
        }
        if (shape.kind == Kind::structure) structure(shape, item, path);
        if (shape.kind == Kind::list) list(shape, item, path, secret);
        if (shape.kind == Kind::map) map(shape, item, path, secret);
    }

    // Elements that are scalars are reported by their list, once; structures by themselves.
    void list(const ShapeInfo& shape, const void* items, const Path& path, bool secret) {
        const ShapeInfo& element = *shape.element;
        for (size_t i = 0; i < shape.list->size(items); ++i) {
            const void* item = shape.list->at(items, i);
            if (!is_scalar(element.kind)) {
                value(element, item, path.element(i), secret);
            } else if (fails(element.constraints, element, item)) {
                return add(shape, items, path, secret,
                           "Member must satisfy constraint: " +
                               all_of(*element.constraints, element.kind));
            }
        }
    }

    void map(const ShapeInfo& shape, const void* items, const Path& path, bool secret) {
        struct Context {
            Validator& validator;
            const ShapeInfo& shape;
            const Path& path;
            bool secret;
            bool key_broken = false;
            bool value_broken = false;
        } context{*this, shape, path, secret};
        shape.map->each(items, &context, [](void* at, const std::string& key, const void* item) {
            auto& to = *static_cast<Context*>(at);
            if (fails(to.shape.key_constraints, shapes::string, &key)) to.key_broken = true;
            if (!is_scalar(to.shape.element->kind))
                to.validator.value(*to.shape.element, item, to.path.member(key), to.secret);
            else if (fails(to.shape.element->constraints, *to.shape.element, item))
                to.value_broken = true;
        });
        if (context.key_broken)
            add(shape, items, path, secret,
                "Map keys must satisfy constraint: " +
                    all_of(*shape.key_constraints, Kind::string));
        if (context.value_broken)
            add(shape, items, path, secret,
                "Map value must satisfy constraint: " +
                    all_of(*shape.element->constraints, shape.element->kind));
    }

    static bool fails(const Constraints* limits, const ShapeInfo& shape, const void* item) {
        std::vector<std::string> reasons;
        if (limits != nullptr) broken(*limits, measured_value(shape, item), reasons);
        return !reasons.empty();
    }

    void add(const ShapeInfo& shape, const void* item, const Path& path, bool secret,
             const std::string& reason) {
        const bool hidden =
            secret || (shape.constraints != nullptr && shape.constraints->sensitive);
        const std::string shown = hidden ? "" : " '" + display_text(shape, item) + "'";
        out.push_back("Value" + shown + " at '" + path.text() +
                      "' failed to satisfy constraint: " + reason);
    }

    const std::vector<std::string>& missing_;
};

// Where the code is not the usual one of its protocol.
struct ServiceCode {
    std::string_view service;
    std::string_view code;
};
constexpr ServiceCode codes[] = {
    {"apigateway", "BadRequestException"},
    {"apigatewayv2", "BadRequestException"},
    {"cloudfront", "InvalidArgument"},
    {"ec2", "InvalidParameterValue"},
    {"ecr", "InvalidParameterException"},
    {"ecs", "InvalidParameterException"},
    {"logs", "InvalidParameterException"},
    {"route53", "InvalidInput"},
    {"s3", "InvalidRequest"},
    {"sns", "InvalidParameter"},
};

// Services that answer a missing parameter in the old form, one at a time.
bool says_missing_parameter(std::string_view service) {
    return service == "ec2" || service == "rds" || service == "sqs";
}

}  // namespace

Error validation_error(const ServiceInfo& service, std::string message) {
    for (const auto& [name, code] : codes)
        if (name == service.name) return {std::string(code), std::move(message), 400, {}};
    const bool query = service.protocols[0] == Protocol::query;
    return {query ? "ValidationError" : "ValidationException", std::move(message), 400, {}};
}

std::vector<std::string> broken_constraints(const ShapeInfo& shape, const void* input,
                                            const std::vector<std::string>& missing) {
    Validator validator(missing);
    validator.structure(shape, input, Path{});
    return std::move(validator.out);
}

// The model's name of a path's last member: what the caller wrote.
static std::string parameter_name(const ShapeInfo& shape, const std::string& path) {
    for (const MemberInfo& member : shape)
        if (equals_ignoring_case(member.name, path)) return std::string(member.name);
    return path;
}

Status validate(const ServiceInfo& service, const ShapeInfo& shape, const void* input,
                const std::vector<std::string>& missing) {
    if (!missing.empty() && says_missing_parameter(service.name))
        return fail(
            "MissingParameter",
            "The request must contain the parameter " + parameter_name(shape, missing[0]) + ".",
            400);
    std::vector<std::string> found;
    for (const std::string& path : missing)
        found.push_back("Value null at '" + path +
                        "' failed to satisfy constraint: Member must not be null");
    if (service.name != "ec2" && service.name != "s3")
        for (std::string& text : broken_constraints(shape, input, missing))
            found.push_back(std::move(text));
    if (found.empty()) return ok();
    return validation_error(service, std::to_string(found.size()) + " validation error" +
                                         (found.size() > 1 ? "s" : "") +
                                         " detected: " + join(found, "; "));
}

}  // namespace unkai::aws::protocol

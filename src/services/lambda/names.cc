#include "services/lambda/names.h"

#include "api/lambda.h"
#include "base/strings.h"

namespace unkai::services::lambda {

namespace {

Error function_not_found(const Place& place, std::string_view name, std::string_view qualifier) {
    return api::lambda::errors::ResourceNotFoundException("Function not found: " +
                                                          function_arn(place, name, qualifier))
        .with("Type", "User");
}

}  // namespace

Arn parse_arn(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() < 6 || parts[0] != "arn") return {};
    size_t before = 0;
    for (size_t i = 0; i < 5; ++i) before += parts[i].size() + 1;
    return {std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
            std::string(text.substr(before))};
}

std::optional<int64_t> version_number(std::string_view qualifier) {
    if (qualifier.empty() || qualifier == "$LATEST") return 0;
    const auto number = parse_uint(qualifier);
    if (!number || *number == 0) return std::nullopt;
    return static_cast<int64_t>(*number);
}

std::string version_name(int64_t number) {
    return number == 0 ? "$LATEST" : std::to_string(number);
}

std::string function_arn(const Place& place, std::string_view name, std::string_view qualifier) {
    std::string out = "arn:aws:lambda:" + place.region + ":" + place.account + ":function:";
    out += name;
    if (!qualifier.empty()) out.append(":").append(qualifier);
    return out;
}

Result<FunctionName> parse_function(const Place& place, std::string_view text,
                                    const std::optional<std::string>& qualifier) {
    FunctionName out{place, "", ""};
    auto parts = split(text, ':');
    if (parts.size() >= 7 && parts[0] == "arn") {
        out.place.region = parts[3];
        out.place.account = parts[4];
        parts.erase(parts.begin(), parts.begin() + 6);
    } else if (parts.size() >= 3 && parts[1] == "function") {
        out.place.account = parts[0];
        parts.erase(parts.begin(), parts.begin() + 2);
    } else if (parts.size() >= 2 && parts[0] == "function") {
        parts.erase(parts.begin());
    }
    out.name = parts[0];
    if (parts.size() > 1) out.qualifier = parts[1];
    if (parts.size() > 2 || out.name.empty())
        return api::lambda::errors::InvalidParameterValueException(
                   "'" + std::string(text) + "' is not the name or ARN of a function.")
            .with("Type", "User");
    if (qualifier && !qualifier->empty()) {
        if (!out.qualifier.empty() && out.qualifier != *qualifier)
            return api::lambda::errors::InvalidParameterValueException(
                       "The derived qualifier from the function name does not match the specified "
                       "qualifier.")
                .with("Type", "User");
        out.qualifier = *qualifier;
    }
    if (out.place != place) return function_not_found(out.place, out.name, out.qualifier);
    return out;
}

std::optional<LayerName> parse_layer(const Place& place, std::string_view text) {
    LayerName out{place, std::string(text), {}};
    if (!text.starts_with("arn:")) {
        if (text.find(':') != std::string_view::npos) return std::nullopt;
        return out;
    }
    const Arn arn = parse_arn(text);
    const auto parts = split(arn.resource, ':');
    if (arn.service != "lambda" || parts.size() < 2 || parts.size() > 3 || parts[0] != "layer")
        return std::nullopt;
    out.place = {arn.account, arn.region};
    out.name = parts[1];
    if (parts.size() == 3) {
        const auto number = parse_uint(parts[2]);
        if (!number) return std::nullopt;
        out.version = static_cast<int64_t>(*number);
    }
    return out;
}

std::string layer_arn(const Place& place, std::string_view name, std::optional<int64_t> version) {
    std::string out = "arn:aws:lambda:" + place.region + ":" + place.account + ":layer:";
    out += name;
    if (version) out += ":" + std::to_string(*version);
    return out;
}

}  // namespace unkai::services::lambda

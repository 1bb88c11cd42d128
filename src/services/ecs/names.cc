#include "services/ecs/names.h"

#include <algorithm>

#include "api/ecs.h"
#include "base/strings.h"

namespace unkai::services::ecs {

namespace errors = api::ecs::errors;

bool valid_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_';
    });
}

std::string last_part(std::string_view given) {
    return std::string(given.substr(given.rfind('/') + 1));
}

std::string cluster_name(const std::optional<std::string>& given) {
    return !given || given->empty() ? "default" : last_part(*given);
}

std::string cluster_in(std::string_view arn) {
    if (!arn.starts_with("arn:")) return {};
    const auto parts = split(arn, '/');
    return parts.size() == 3 ? std::string(parts[1]) : std::string();
}

Result<TaskDefinitionName> parse_task_definition(std::string_view given) {
    std::string_view text = given;
    if (text.starts_with("arn:")) text = text.substr(text.rfind('/') + 1);
    const auto [family, revision] = split_once(text, ':');
    TaskDefinitionName out{.family = std::string(family)};
    if (!valid_name(family)) return errors::ClientException("Unable to describe task definition.");
    if (text.size() == family.size()) return out;
    const auto number = parse_int(revision);
    if (!number || *number < 1)
        return errors::ClientException("Invalid revision number. Number: " + std::string(revision));
    out.revision = *number;
    return out;
}

Result<ResourceName> parse_resource(std::string_view arn) {
    const auto parts = split(arn, ':');
    if (parts.size() >= 6 && parts[0] == "arn" && parts[2] == "ecs") {
        const std::string_view resource =
            arn.substr(static_cast<size_t>(parts[5].data() - arn.data()));
        const auto words = split(resource, '/');
        if (words.size() == 2 && words[0] == "cluster")
            return ResourceName{"cluster", std::string(words[1]), std::string(words[1])};
        if (words.size() == 2 && words[0] == "task-definition")
            return ResourceName{"task-definition", "", std::string(words[1])};
        if (words.size() == 3 && (words[0] == "service" || words[0] == "task"))
            return ResourceName{std::string(words[0]), std::string(words[1]),
                                std::string(words[2])};
    }
    return errors::InvalidParameterException("The specified arn is invalid: " + std::string(arn));
}

}  // namespace unkai::services::ecs

#include "services/ec2/resource.h"

#include "base/strings.h"

namespace unkai::services::ec2 {

static bool any_match(const List<std::string>& patterns, const std::vector<std::string>& values) {
    for (const std::string& pattern : patterns)
        for (const std::string& value : values)
            if (glob_match(pattern, value)) return true;
    return false;
}

static Result<std::vector<std::string>> filtered_values(const std::string& name,
                                                        const Attributes& attributes,
                                                        const Tags& tags) {
    std::vector<std::string> values;
    if (name.starts_with("tag:")) {
        if (const auto tag = tags.find(name.substr(4)); tag != tags.end())
            values.push_back(tag->second);
        return values;
    }
    if (name == "tag-key" || name == "tag-value") {
        for (const auto& [key, value] : tags) values.push_back(name == "tag-key" ? key : value);
        return values;
    }
    for (const auto& [known, its] : attributes)
        if (known == name) return its;
    return invalid_value("The filter '" + name + "' is invalid");
}

Result<bool> matches(const List<Filter>& filters, const Attributes& attributes, const Tags& tags) {
    if (filters.size() > limits::filters)
        return bad("FilterLimitExceeded", "The request has more than 50 filters.");
    bool all = true;
    for (const Filter& filter : filters) {
        const std::string name = filter.name.value_or("");
        TRY(const auto values, filtered_values(name, attributes, tags));
        all = all && any_match(filter.values, values);
    }
    return all;
}

List<Tag> tag_list(const Tags& tags) {
    std::vector<Tag> out;
    for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
    return out;
}

Status merge_tags(const aws::Call& call, Tags& tags, const List<Tag>& added) {
    for (const Tag& tag : added) {
        const std::string key = tag.key.value_or("");
        if (key.empty()) return missing_parameter("Tag.Key");
        // Tags of AWS itself are made by its services, in process.
        if (key.starts_with("aws:") && !call.http.method.empty())
            return invalid_value("Tag keys starting with 'aws:' are reserved for internal use");
        if (key.size() > 127)
            return invalid_value("Tag key exceeds the maximum length of 127 characters");
        const std::string value = tag.value.value_or("");
        if (value.size() > 255)
            return invalid_value("Tag value exceeds the maximum length of 255 characters");
        tags[key] = value;
    }
    if (tags.size() > limits::tags)
        return bad("TagLimitExceeded",
                   "The maximum number of Tags for a resource has been reached.");
    return ok();
}

Result<Tags> tags_for(const aws::Call& call, std::string_view type,
                      const List<TagSpecification>& specifications) {
    Tags tags;
    for (const TagSpecification& specification : specifications) {
        if (specification.resource_type.value_or("") != type)
            return invalid_value("'" + specification.resource_type.value_or("") +
                                 "' is not a valid taggable resource type for this operation.");
        REQUIRE(merge_tags(call, tags, specification.tags));
    }
    return tags;
}

}  // namespace unkai::services::ec2

#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

// The tags of a function or of an event source mapping; put() writes them back.
struct Tagged {
    std::optional<Found> function;
    std::optional<std::pair<MappingKey, StoredMapping>> mapping;
    std::map<std::string, std::string>& tags() {
        return function ? function->function.tags : mapping->second.tags;
    }
    void put(aws::Call& call) {
        if (mapping) return schema::mappings.put(call.txn(), mapping->first, mapping->second);
        schema::functions.put(call.txn(), {call.account, call.region, function->name.name},
                              function->function);
    }
};

Result<Tagged> find_tagged(aws::Call& call, const std::string& resource) {
    constexpr std::string_view mark = "event-source-mapping:";
    const Arn arn = parse_arn(resource);
    Tagged out;
    if (arn.service == "lambda" && arn.resource.starts_with(mark)) {
        const MappingKey key{arn.account, arn.region, arn.resource.substr(mark.size())};
        auto mapping = schema::mappings.get(call.txn(), key);
        if (!mapping)
            return errors::ResourceNotFoundException("The resource you requested does not exist.")
                .with("Type", "User");
        out.mapping.emplace(key, std::move(*mapping));
        return out;
    }
    TRY(out.function, find_function(call, resource));
    if (!out.function->name.qualifier.empty())
        return invalid(
            "Tags on function aliases and versions are not supported. Please specify "
            "a function ARN.");
    return out;
}

}  // namespace

Result<model::TagResourceOutput> Lambda::TagResource(aws::Call& call,
                                                     const model::TagResourceInput& in) {
    TRY(Tagged tagged, find_tagged(call, in.resource));
    for (const auto& [name, value] : in.tags) tagged.tags()[name] = value;
    REQUIRE(check_tags(tagged.tags()));
    tagged.put(call);
    return model::TagResourceOutput{};
}

Result<model::UntagResourceOutput> Lambda::UntagResource(aws::Call& call,
                                                         const model::UntagResourceInput& in) {
    TRY(Tagged tagged, find_tagged(call, in.resource));
    for (const std::string& name : in.tag_keys) tagged.tags().erase(name);
    tagged.put(call);
    return model::UntagResourceOutput{};
}

Result<model::ListTagsOutput> Lambda::ListTags(aws::Call& call, const model::ListTagsInput& in) {
    TRY(Tagged tagged, find_tagged(call, in.resource));
    model::ListTagsOutput out;
    for (const auto& [name, value] : tagged.tags()) out.tags[name] = value;
    return out;
}

}  // namespace unkai::services::lambda

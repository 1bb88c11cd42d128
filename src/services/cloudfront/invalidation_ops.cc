// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
#include <algorithm>

#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/quantities.h"

namespace unkai::services::cloudfront {

namespace {

Result<std::vector<std::string>> read_paths(const Paths& paths) {
    REQUIRE(check_quantity(paths));
    if (paths.items.empty())
        return errors::InvalidArgument("The parameter Paths must hold a path.");
    size_t wildcards = 0;
    for (const std::string& path : paths.items) {
        if (!path.starts_with('/'))
            return errors::InvalidArgument(
                "Your request contains one or more invalid invalidation "
                "paths: " +
                path + " does not begin with a slash.");
        const size_t star = path.find('*');
        if (star != std::string::npos && star + 1 != path.size())
            return errors::InvalidArgument(
                "Your request contains one or more invalid invalidation "
                "paths: in " +
                path + " the * is not the last one.");
        wildcards += star != std::string::npos ? 1 : 0;
    }
    if (paths.items.size() > limits::invalidation_paths)
        return errors::BatchTooLarge("Invalidation batch specified is too large.");
    if (wildcards > limits::invalidation_wildcards)
        return errors::TooManyInvalidationsInProgress(
            "You have exceeded the maximum number of allowable InProgress invalidation batch "
            "requests with wildcards.");
    return std::vector<std::string>(paths.items.begin(), paths.items.end());
}

std::string progress_of(aws::Call& call, const InvalidationRecord& record) {
    const bool pending = schema::pending.has(call.txn(), {record.distribution, record.id});
    return pending ? "InProgress" : "Completed";
}

Invalidation describe_invalidation(aws::Call& call, const InvalidationRecord& record) {
    Invalidation out;
    out.id = record.id;
    out.status = progress_of(call, record);
    out.create_time = record.created;
    out.invalidation_batch.caller_reference = record.reference;
    out.invalidation_batch.paths.items = List<std::string>(record.paths);
    out.invalidation_batch.paths.quantity = static_cast<int32_t>(record.paths.size());
    return out;
}

// The newest first.
std::vector<InvalidationRecord> invalidations_of(aws::Call& call, const std::string& distribution) {
    std::vector<InvalidationRecord> out;
    for (auto& [key, record] : schema::invalidations.list(call.txn(), distribution))
        out.push_back(std::move(record));
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return std::pair(b.created, b.id) < std::pair(a.created, a.id);
    });
    return out;
}

void forget_oldest(aws::Call& call, const std::vector<InvalidationRecord>& newest_first) {
    for (size_t at = limits::kept_invalidations; at < newest_first.size(); ++at)
        schema::invalidations.erase(call.txn(),
                                    {newest_first[at].distribution, newest_first[at].id});
}

// Ascends with age.
std::string order_of(const InvalidationRecord& record) {
    std::string digits = std::to_string(INT64_MAX - micros(record.created));
    return std::string(20 - digits.size(), '0') + digits + record.id;
}

}  // namespace

Result<CreateInvalidationOutput> CloudFront::CreateInvalidation(aws::Call& call,
                                                                const CreateInvalidationInput& in) {
    TRY(const DistributionRecord distribution, find_distribution(call, in.distribution_id));
    TRY(auto paths, read_paths(in.invalidation_batch.paths));
    const std::string& reference = in.invalidation_batch.caller_reference;
    if (reference.empty())
        return errors::InvalidArgument("The parameter CallerReference must not be empty.");
    const auto known = invalidations_of(call, distribution.id);
    for (const InvalidationRecord& other : known) {
        if (other.reference != reference) continue;
        if (other.paths != paths)
            return fail("InvalidationBatchAlreadyExists",
                        "The caller reference belongs to an invalidation with other paths: " +
                            other.id + ".",
                        409);
        return CreateInvalidationOutput{
            .location = location_of("distribution/" + distribution.id + "/invalidation", other.id),
            .invalidation = describe_invalidation(call, other)};
    }
    forget_oldest(call, known);
    InvalidationRecord record{.id = new_id(call, "I"),
                              .distribution = distribution.id,
                              .reference = reference,
                              .paths = std::move(paths),
                              .created = call.now};
    schema::invalidations.put(call.txn(), {distribution.id, record.id}, record);
    schema::pending.put(call.txn(), {distribution.id, record.id}, {call.account});
    return CreateInvalidationOutput{
        .location = location_of("distribution/" + distribution.id + "/invalidation", record.id),
        .invalidation = describe_invalidation(call, record)};
}

Result<GetInvalidationOutput> CloudFront::GetInvalidation(aws::Call& call,
                                                          const GetInvalidationInput& in) {
    REQUIRE(find_distribution(call, in.distribution_id));
    const auto record = schema::invalidations.get(call.txn(), {in.distribution_id, in.id});
    if (!record) return errors::NoSuchInvalidation("The specified invalidation does not exist.");
    return GetInvalidationOutput{.invalidation = describe_invalidation(call, *record)};
}

Result<ListInvalidationsOutput> CloudFront::ListInvalidations(aws::Call& call,
                                                              const ListInvalidationsInput& in) {
    REQUIRE(find_distribution(call, in.distribution_id));
    TRY(const size_t most, page_size(in.max_items));
    const auto records = invalidations_of(call, in.distribution_id);
    TRY(const auto page, aws::page(records, order_of, in.marker, most, "InvalidArgument"));
    InvalidationList out;
    out.marker = in.marker.value_or("");
    out.max_items = static_cast<int32_t>(most);
    out.is_truncated = page.next.has_value();
    out.next_marker = page.next;
    out.quantity = static_cast<int32_t>(page.items.size());
    for (const InvalidationRecord* record : page.items)
        out.items.push_back({.id = record->id,
                             .create_time = record->created,
                             .status = progress_of(call, *record)});
    return ListInvalidationsOutput{.invalidation_list = std::move(out)};
}

}  // namespace unkai::services::cloudfront

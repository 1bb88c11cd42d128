#include "aws/protocol/uri_table.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai::aws::protocol {

using Query = std::vector<std::pair<std::string_view, std::string_view>>;

static std::string_view without_slash(std::string_view path) {
    return path.substr(path.starts_with('/'));
}

// A slash at the end says nothing, except in a key.
static void drop_last_empty(std::vector<std::string_view>& segments) {
    if (segments.size() > 1 && segments.back().empty()) segments.pop_back();
}

std::vector<UnpromisedOperation> unpromised_operations(const ServiceInfo& service) {
    std::vector<UnpromisedOperation> out;
    std::string_view rest = service.unpromised;
    while (!rest.empty()) {
        const auto [line, next] = split_once(rest, '\n');
        rest = next;
        const auto [name, tail] = split_once(line, ' ');
        const auto [method, uri] = split_once(tail, ' ');
        out.push_back({name, method, uri});
    }
    return out;
}

UriTable::UriTable(const ServiceInfo& service) {
    for (uint16_t i = 0; i < service.operation_count; ++i) {
        const OperationInfo& one = service.operations[i];
        add(service, one.name, one.method, one.uri, &one);
    }
    for (const UnpromisedOperation& one : unpromised_operations(service))
        add(service, one.name, one.method, one.uri, nullptr);
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.better_than(b); });
}

bool UriTable::Entry::better_than(const Entry& other) const {
    if (literal_segments != other.literal_segments)
        return literal_segments > other.literal_segments;
    if (greedy != other.greedy) return !greedy;
    const size_t queries = literals.size() + by_upload;
    const size_t others = other.literals.size() + other.by_upload;
    if (queries != others) return queries > others;
    if (labels != other.labels) return labels > other.labels;
    const bool promised = operation != nullptr;
    if (promised != (other.operation != nullptr)) return promised;
    return name < other.name;
}

void UriTable::add(const ServiceInfo& service, std::string_view name, std::string_view method,
                   std::string_view uri, const OperationInfo* operation) {
    Entry entry{.name = name, .method = method, .operation = operation};
    const auto [path, query] = split_once(uri, '?');
    auto parts = split(without_slash(path), '/');
    if (!path.contains("+}")) drop_last_empty(parts);
    for (const std::string_view part : parts) {
        Segment segment{.before = part};
        const size_t open = part.find('{');
        if (open != part.npos) {
            const size_t close = part.find('}');
            segment = {part.substr(0, open), part.substr(open + 1, close - open - 1),
                       part.substr(close + 1)};
            segment.greedy = segment.label.ends_with('+');
            if (segment.greedy) segment.label.remove_suffix(1);
        }
        entry.greedy |= segment.greedy;
        ++(open == part.npos ? entry.literal_segments : entry.labels);
        entry.segments.push_back(segment);
    }
    for (const std::string_view literal : split(query, '&'))
        if (!literal.empty()) entry.literals.push_back(split_once(literal, '='));
    if (service.name == "s3") {
        constexpr std::string_view of_uploads[] = {"UploadPart", "UploadPartCopy", "ListParts",
                                                   "CompleteMultipartUpload",
                                                   "AbortMultipartUpload"};
        entry.by_upload = std::ranges::find(of_uploads, name) != std::end(of_uploads);
        if (name == "CopyObject" || name == "UploadPartCopy") entry.copies = Copies::must;
        if (name == "PutObject" || name == "UploadPart") entry.copies = Copies::must_not;
    }
    entries_.push_back(std::move(entry));
}

// A request's target, taken apart once.
struct UriTable::Target {
    std::string_view method;
    std::vector<std::string_view> segments;  // As they are; the last may be empty.
    Query query;
    bool copies;

    explicit Target(const WireRequest& request)
        : method(request.method),
          segments(split(without_slash(request.path), '/')),
          copies(request.headers->has("x-amz-copy-source")) {
        if (request.query.empty()) return;
        for (const std::string_view pair : split(request.query, '&'))
            query.push_back(split_once(pair, '='));
    }
    size_t count(bool with_last_empty) const {
        const bool drop = !with_last_empty && segments.size() > 1 && segments.back().empty();
        return segments.size() - drop;
    }
    bool has(std::string_view name, std::string_view value) const {
        for (const auto& [key, found] : query)
            if (key == name &&
                (value.empty() || found == value || percent_decode(found, true) == value))
                return true;
        return false;
    }
};

static bool fits_segment(std::string_view literal, std::string_view given) {
    return literal == given ||
           (given.contains('%') && percent_decode(given) == std::string(literal));
}

bool UriTable::fits(const Entry& entry, const Target& target) {
    if (entry.method != target.method) return false;
    const size_t count = target.count(entry.greedy);
    const size_t wanted = entry.segments.size();
    if (entry.greedy ? count < wanted : count != wanted) return false;
    if (entry.copies == Copies::must && !target.copies) return false;
    if (entry.copies == Copies::must_not && target.copies) return false;
    size_t at = 0;
    for (const Segment& segment : entry.segments) {
        const std::string_view given = target.segments[at];
        if (segment.label.empty() && !fits_segment(segment.before, given)) return false;
        if (!segment.label.empty() && !segment.greedy &&
            (given.size() <= segment.before.size() + segment.after.size() ||
             !given.starts_with(segment.before) || !given.ends_with(segment.after)))
            return false;
        at += segment.greedy ? count - wanted + 1 : 1;
    }
    if (entry.by_upload && !target.has("uploadId", {})) return false;
    for (const auto& [name, value] : entry.literals)
        if (!target.has(name, value)) return false;
    return true;
}

std::optional<UriTable::Found> UriTable::labelled(const Entry& entry, const Target& target) {
    Found found{entry.name, entry.operation};
    const size_t extra = target.count(entry.greedy) - entry.segments.size();
    size_t at = 0;
    for (const Segment& segment : entry.segments) {
        std::string_view text = target.segments[at];
        if (segment.greedy) {  // All that the segments after it leave; they lie in one text.
            const std::string_view last = target.segments[at + extra];
            text = {text.data(), static_cast<size_t>(last.data() + last.size() - text.data())};
            at += extra;
        }
        ++at;
        if (segment.label.empty()) continue;
        text.remove_prefix(segment.before.size());
        text.remove_suffix(segment.after.size());
        auto value = percent_decode(text);
        if (text.empty() || !value) return std::nullopt;
        found.labels.emplace_back(segment.label, std::move(*value));
    }
    return found;
}

std::optional<UriTable::Found> UriTable::find(const WireRequest& request) const {
    const Target target(request);
    for (const Entry& entry : entries_)
        if (fits(entry, target))
            if (auto found = labelled(entry, target)) return found;
    return std::nullopt;
}

}  // namespace unkai::aws::protocol

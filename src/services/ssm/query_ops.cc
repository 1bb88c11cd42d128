#include "aws/paging.h"
#include "base/strings.h"
#include "services/ssm/limits.h"
#include "services/ssm/ssm.h"

namespace unkai::services::ssm {

namespace {

struct Row {
    StoredParameter parameter;
    StoredVersion version;
};

// The values of one key, and how they compare.
struct Filter {
    std::string key, option;
    std::vector<std::string> values;
};

std::string name_of(const Row& row) { return row.parameter.name; }

// Is `name` below `path`? One level deep unless `recursive`.
bool is_below(std::string_view name, std::string_view path, bool recursive) {
    std::string prefix(path);
    if (!prefix.ends_with('/')) prefix += '/';
    // A name without a slash lies in the root.
    const std::string full = name.starts_with('/') ? std::string(name) : "/" + std::string(name);
    if (!full.starts_with(prefix)) return false;
    return recursive || full.find('/', prefix.size()) == full.npos;
}

Result<Filter> read_filter(const ParameterStringFilter& in, bool describe) {
    Filter made{in.key, in.option.value_or("Equals"), in.values};
    static const std::set<std::string> by_path{"Type", "KeyId"};
    static const std::set<std::string> described{"Name",  "Path", "Type",
                                                 "KeyId", "Tier", "DataType"};
    const bool tag = describe && made.key.starts_with("tag:");
    if (!tag && !(describe ? described : by_path).contains(made.key))
        return errors::InvalidFilterKey("The following filter key is not valid: " + made.key + ".");
    const bool good =
        made.key == "Path" ? made.option == "Recursive" || made.option == "OneLevel" || !in.option
        : made.key == "Name"
            ? made.option == "Equals" || made.option == "BeginsWith" || made.option == "Contains"
            : made.option == "Equals" || made.option == "BeginsWith";
    if (!good)
        return errors::InvalidFilterOption("The following filter option is not valid: " +
                                           made.option + " for the key " + made.key + ".");
    if (made.values.empty() && !tag)
        return errors::InvalidFilterValue("The filter " + made.key + " has no value.");
    return made;
}

bool matches(const Row& row, const Filter& filter) {
    const auto& [parameter, version] = row;
    std::string text;
    if (filter.key == "Name")
        text = parameter.name;
    else if (filter.key == "Type")
        text = version.type;
    else if (filter.key == "KeyId")
        text = version.key_id;
    else if (filter.key == "Tier")
        text = version.tier;
    else if (filter.key == "DataType")
        text = version.data_type;
    else if (filter.key.starts_with("tag:")) {
        const auto found = parameter.tags.find(filter.key.substr(4));
        if (found == parameter.tags.end()) return false;
        if (filter.values.empty()) return true;
        text = found->second;
    }
    return std::any_of(filter.values.begin(), filter.values.end(), [&](const std::string& value) {
        if (filter.key == "Path")
            return is_below(parameter.name, value, filter.option == "Recursive");
        if (filter.option == "BeginsWith") return text.starts_with(value);
        if (filter.option == "Contains") return text.find(value) != text.npos;
        return text == value || (filter.key == "Name" && "/" + text == value);
    });
}

// All parameters that match, by name.
template <class Keep>
std::vector<Row> rows(aws::Call& call, const std::vector<Filter>& filters, const Keep& keep) {
    std::vector<Row> found;
    for (auto& [key, parameter] : schema::parameters.list(call.txn(), call.account, call.region)) {
        if (!keep(parameter.name)) continue;
        auto version = schema::versions.get(
            call.txn(), {call.account, call.region, parameter.name, parameter.version});
        CHECK(version.has_value(), "a parameter has no latest version");
        Row row{std::move(parameter), *std::move(version)};
        if (std::all_of(filters.begin(), filters.end(),
                        [&](const Filter& filter) { return matches(row, filter); }))
            found.push_back(std::move(row));
    }
    return found;
}

ParameterMetadata describe(const aws::Call& call, const Row& row) {
    const auto& [parameter, version] = row;
    ParameterMetadata out;
    out.name = parameter.name;
    out.arn = parameter_arn(call, parameter.name);
    out.type = version.type;
    if (!version.key_id.empty()) out.key_id = version.key_id;
    out.last_modified_date = version.modified;
    out.last_modified_user = version.user;
    if (!version.description.empty()) out.description = version.description;
    if (!version.allowed_pattern.empty()) out.allowed_pattern = version.allowed_pattern;
    out.version = parameter.version;
    out.tier = version.tier;
    out.data_type = version.data_type;
    return out;
}

}  // namespace

Result<GetParametersByPathOutput> Ssm::GetParametersByPath(aws::Call& call,
                                                           const GetParametersByPathInput& in) {
    const std::string path = plain_name(in.path);
    if (!path.starts_with('/'))
        return fail("ValidationException",
                    "The parameter doesn't meet the parameter name requirements. The parameter "
                    "name must begin with a "
                    "forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" "
                    "(case-insensitive). It must use "
                    "only letters, numbers, or the following symbols: . (period), - (hyphen), _ "
                    "(underscore).",
                    400);
    std::vector<Filter> filters;
    for (const auto& filter : in.parameter_filters) {
        TRY(Filter read, read_filter(filter, false));
        filters.push_back(std::move(read));
    }
    const bool recursive = in.recursive.value_or(false);
    const auto found = rows(
        call, filters, [&](const std::string& name) { return is_below(name, path, recursive); });
    TRY(const auto page, aws::page(found, name_of, in.next_token,
                                   static_cast<size_t>(in.max_results.value_or(limits::by_path)),
                                   "InvalidNextToken"));
    GetParametersByPathOutput out;
    for (const Row* row : page.items)
        out.parameters.push_back(describe_value(call, row->parameter, row->parameter.version,
                                                row->version, in.with_decryption.value_or(false)));
    out.next_token = page.next;
    return out;
}

Result<DescribeParametersOutput> Ssm::DescribeParameters(aws::Call& call,
                                                         const DescribeParametersInput& in) {
    std::vector<Filter> filters;
    for (const auto& filter : in.parameter_filters) {
        TRY(Filter read, read_filter(filter, true));
        filters.push_back(std::move(read));
    }
    for (const auto& filter : in.filters)  // The older form.
        filters.push_back(
            {filter.key, filter.key == "Name" ? "BeginsWith" : "Equals", filter.values});
    const auto found = rows(call, filters, [](const std::string&) { return true; });
    TRY(const auto page, aws::page(found, name_of, in.next_token,
                                   static_cast<size_t>(in.max_results.value_or(limits::described)),
                                   "InvalidNextToken"));
    DescribeParametersOutput out;
    for (const Row* row : page.items) out.parameters.push_back(describe(call, *row));
    out.next_token = page.next;
    return out;
}

Result<GetParameterHistoryOutput> Ssm::GetParameterHistory(aws::Call& call,
                                                           const GetParameterHistoryInput& in) {
    TRY(const StoredParameter parameter, find_parameter(call, plain_name(in.name)));
    struct Numbered {
        int64_t number;
        StoredVersion version;
    };
    std::vector<Numbered> versions;
    for (auto& [key, version] :
         schema::versions.list(call.txn(), call.account, call.region, parameter.name))
        versions.push_back({std::get<3>(key), std::move(version)});
    const auto key_of = [](const Numbered& one) { return store::key_prefix(one.number); };
    TRY(const auto page, aws::page(versions, key_of, in.next_token,
                                   static_cast<size_t>(in.max_results.value_or(limits::history)),
                                   "InvalidNextToken"));
    GetParameterHistoryOutput out;
    for (const Numbered* one : page.items) {
        const ParameterMetadata meta = describe(call, {parameter, one->version});
        ParameterHistory row;
        row.name = meta.name;
        row.type = meta.type;
        row.key_id = meta.key_id;
        row.last_modified_date = meta.last_modified_date;
        row.last_modified_user = meta.last_modified_user;
        row.description = meta.description;
        row.value =
            shown_value(call, parameter.name, one->version, in.with_decryption.value_or(false));
        row.allowed_pattern = meta.allowed_pattern;
        row.version = one->number;
        row.tier = meta.tier;
        row.data_type = meta.data_type;
        out.parameters.push_back(std::move(row));
    }
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ssm

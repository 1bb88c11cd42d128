#include "services/elbv2/actions.h"
#include "services/elbv2/limits.h"

namespace unkai::services::elbv2 {

namespace {

// Checks values and appends them.
Status take_values(ConditionRecord& condition, const List<std::string>& values) {
    for (const std::string& value : values) {
        if (value.empty() || value.size() > limits::condition_characters)
            return invalid("A condition value has 1 to 128 characters");
        condition.values.push_back(value);
    }
    return ok();
}

Result<ConditionRecord> read_condition(const RuleCondition& in) {
    ConditionRecord condition{.type = in.field.value_or("")};
    const std::string& type = condition.type;
    const bool regex = !in.regex_values.empty() ||
                       (in.host_header_config && !in.host_header_config->regex_values.empty()) ||
                       (in.path_pattern_config && !in.path_pattern_config->regex_values.empty()) ||
                       (in.http_header_config && !in.http_header_config->regex_values.empty());
    if (regex)
        return invalid("Unkai's load balancers do not match regular expressions yet; use * and ?.");
    if (type == "host-header" || type == "path-pattern") {
        REQUIRE(take_values(condition, in.values));
        if (type == "host-header" && in.host_header_config)
            REQUIRE(take_values(condition, in.host_header_config->values));
        if (type == "path-pattern" && in.path_pattern_config)
            REQUIRE(take_values(condition, in.path_pattern_config->values));
    } else if (type == "http-header") {
        if (!in.http_header_config)
            return invalid("An http-header condition needs HttpHeaderConfig");
        condition.name = in.http_header_config->http_header_name.value_or("");
        if (condition.name.empty() || condition.name.size() > 40)
            return invalid("An HTTP header's name has 1 to 40 characters");
        REQUIRE(take_values(condition, in.http_header_config->values));
    } else if (type == "http-request-method") {
        if (!in.http_request_method_config)
            return invalid("An http-request-method condition needs HttpRequestMethodConfig");
        REQUIRE(take_values(condition, in.http_request_method_config->values));
    } else if (type == "source-ip") {
        if (!in.source_ip_config) return invalid("A source-ip condition needs SourceIpConfig");
        REQUIRE(take_values(condition, in.source_ip_config->values));
        for (const std::string& value : condition.values)
            if (!planes::proxy::Cidr::parse(value))
                return invalid("Source IP '" + value + "' is not a valid CIDR block");
    } else if (type == "query-string") {
        if (!in.query_string_config)
            return invalid("A query-string condition needs QueryStringConfig");
        for (const auto& pair : in.query_string_config->values)
            condition.queries.emplace_back(pair.key.value_or(""), pair.value.value_or(""));
    } else {
        return invalid("Condition field '" + type +
                       "' must be one of '[path-pattern, host-header, http-header, "
                       "http-request-method, query-string, source-ip]'");
    }
    if (condition.values.empty() && condition.queries.empty())
        return invalid("A condition value must be specified");
    return condition;
}

size_t wildcards(const ConditionRecord& condition) {
    size_t count = 0;
    for (const std::string& value : condition.values)
        for (const char c : value) count += c == '*' || c == '?' ? 1 : 0;
    return count;
}

}  // namespace

Result<std::vector<ConditionRecord>> read_conditions(const List<RuleCondition>& conditions) {
    if (conditions.empty()) return invalid("A condition must be specified");
    std::vector<ConditionRecord> out;
    size_t values = 0, wild = 0, hosts = 0, paths = 0;
    for (const RuleCondition& in : conditions) {
        TRY(ConditionRecord condition, read_condition(in));
        values += condition.values.size() + condition.queries.size();
        wild += wildcards(condition);
        hosts += condition.type == "host-header" ? 1 : 0;
        paths += condition.type == "path-pattern" ? 1 : 0;
        out.push_back(std::move(condition));
    }
    if (hosts > 1 || paths > 1)
        return invalid("A rule can only have one 'host-header' and one 'path-pattern' condition");
    if (values > limits::conditions) return invalid("Rules have 5 condition values at the most");
    if (wild > limits::wildcards) return invalid("Rules have 5 wildcards at the most");
    return out;
}

List<RuleCondition> show_conditions(const std::vector<ConditionRecord>& conditions) {
    List<RuleCondition> out;
    out.present = true;
    for (const ConditionRecord& condition : conditions) {
        RuleCondition shown;
        shown.field = condition.type;
        if (condition.type == "host-header" || condition.type == "path-pattern")
            shown.values = condition.values;
        if (condition.type == "host-header")
            shown.host_header_config = HostHeaderConditionConfig{.values = condition.values};
        else if (condition.type == "path-pattern")
            shown.path_pattern_config = PathPatternConditionConfig{.values = condition.values};
        else if (condition.type == "http-header")
            shown.http_header_config = HttpHeaderConditionConfig{.http_header_name = condition.name,
                                                                 .values = condition.values};
        else if (condition.type == "http-request-method")
            shown.http_request_method_config =
                HttpRequestMethodConditionConfig{.values = condition.values};
        else if (condition.type == "source-ip")
            shown.source_ip_config = SourceIpConditionConfig{.values = condition.values};
        if (condition.type == "query-string") {
            QueryStringConditionConfig config;
            for (const auto& [key, value] : condition.queries) {
                QueryStringKeyValuePair pair;
                if (!key.empty()) pair.key = key;
                pair.value = value;
                config.values.push_back(pair);
            }
            shown.query_string_config = config;
        }
        out.push_back(std::move(shown));
    }
    return out;
}

planes::proxy::Condition compile_condition(const ConditionRecord& condition) {
    using Kind = planes::proxy::Condition::Kind;
    planes::proxy::Condition out;
    if (condition.type == "host-header")
        out.kind = Kind::host;
    else if (condition.type == "path-pattern")
        out.kind = Kind::path;
    else if (condition.type == "http-header")
        out.kind = Kind::header;
    else if (condition.type == "http-request-method")
        out.kind = Kind::method;
    else if (condition.type == "query-string")
        out.kind = Kind::query;
    else
        out.kind = Kind::source_ip;
    out.name = condition.name;
    out.values = condition.values;
    out.queries = condition.queries;
    if (out.kind == Kind::source_ip)
        for (const std::string& value : condition.values)
            if (auto network = planes::proxy::Cidr::parse(value)) out.networks.push_back(*network);
    return out;
}

}  // namespace unkai::services::elbv2

#include "aws/paging.h"
#include "services/rds/parameters.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

Parameter describe(const ParameterInfo& info, const ParameterGroup::Value* value) {
    Parameter out{.parameter_name = std::string(info.name)};
    if (value != nullptr)
        out.parameter_value = value->value;
    else if (!info.value.empty())
        out.parameter_value = std::string(info.value);
    out.source = value != nullptr ? "user" : info.value.empty() ? "engine-default" : "system";
    out.apply_type = info.dynamic ? "dynamic" : "static";
    out.data_type = std::string(info.type);
    if (!info.allowed.empty()) out.allowed_values = std::string(info.allowed);
    out.is_modifiable = info.modifiable;
    out.apply_method = value != nullptr && !value->at_reboot ? "immediate" : "pending-reboot";
    out.supported_engine_modes = {"provisioned"};
    return out;
}

Result<aws::Page<Parameter>> page_of(std::vector<Parameter>& rows, const ParameterGroup& group,
                                     bool cluster, const std::optional<std::string>& source,
                                     const std::optional<std::string>& marker,
                                     const std::optional<int32_t>& most) {
    if (source && *source != "user" && *source != "system" && *source != "engine-default")
        return invalid_value("Invalid parameter source: " + *source);
    for (const ParameterInfo& info : parameters()) {
        if (!(cluster ? info.cluster : info.instance)) continue;
        const auto value = group.values.find(std::string(info.name));
        Parameter row = describe(info, value == group.values.end() ? nullptr : &value->second);
        if (!source || row.source == *source) rows.push_back(std::move(row));
    }
    return aws::page(
        rows, [](const Parameter& row) { return *row.parameter_name; }, marker, page_size(most),
        "InvalidParameterValue");
}

Result<EngineDefaults> defaults(const std::string& wanted, bool cluster,
                                const std::optional<std::string>& marker,
                                const std::optional<int32_t>& most) {
    if (wanted != family) return invalid_value("Invalid DB Parameter Group Family: " + wanted);
    std::vector<Parameter> rows;
    TRY(const auto page, page_of(rows, {}, cluster, std::nullopt, marker, most));
    EngineDefaults out{.db_parameter_group_family = wanted, .marker = page.next};
    for (const Parameter* row : page.items) out.parameters.push_back(*row);
    return out;
}

}  // namespace

Result<DescribeDBClusterParametersOutput> Rds::DescribeDBClusterParameters(
    aws::Call& call, const DescribeDBClusterParametersInput& in) {
    TRY(const ParameterGroup group,
        find_parameter_group(call, in.db_cluster_parameter_group_name, true));
    std::vector<Parameter> rows;
    TRY(const auto page, page_of(rows, group, true, in.source, in.marker, in.max_records));
    DescribeDBClusterParametersOutput out{.marker = page.next};
    for (const Parameter* row : page.items) out.parameters.push_back(*row);
    return out;
}

Result<DescribeDBParametersOutput> Rds::DescribeDBParameters(aws::Call& call,
                                                             const DescribeDBParametersInput& in) {
    TRY(const ParameterGroup group, find_parameter_group(call, in.db_parameter_group_name, false));
    std::vector<Parameter> rows;
    TRY(const auto page, page_of(rows, group, false, in.source, in.marker, in.max_records));
    DescribeDBParametersOutput out{.marker = page.next};
    for (const Parameter* row : page.items) out.parameters.push_back(*row);
    return out;
}

Result<DescribeEngineDefaultClusterParametersOutput> Rds::DescribeEngineDefaultClusterParameters(
    aws::Call&, const DescribeEngineDefaultClusterParametersInput& in) {
    TRY(EngineDefaults found,
        defaults(in.db_parameter_group_family, true, in.marker, in.max_records));
    return DescribeEngineDefaultClusterParametersOutput{.engine_defaults = std::move(found)};
}

Result<DescribeEngineDefaultParametersOutput> Rds::DescribeEngineDefaultParameters(
    aws::Call&, const DescribeEngineDefaultParametersInput& in) {
    TRY(EngineDefaults found,
        defaults(in.db_parameter_group_family, false, in.marker, in.max_records));
    return DescribeEngineDefaultParametersOutput{.engine_defaults = std::move(found)};
}

}  // namespace unkai::services::rds

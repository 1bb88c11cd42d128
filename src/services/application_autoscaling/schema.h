// Every key and record that application-autoscaling stores. Shapes of the API are kept as they are.
#pragma once

#include "api/application-autoscaling.h"
#include "aws/protocol/json_record.h"
#include "store/table.h"

namespace unkai::services::application_autoscaling {

namespace model = unkai::api::application_autoscaling;

// What is scaled: "ecs", "service/cluster/web", "ecs:service:DesiredCount".
struct TargetName {
    std::string account, region, space, resource, dimension;
    bool operator==(const TargetName&) const = default;
    auto operator<=>(const TargetName&) const = default;
};

struct StoredTarget {
    model::ScalableTarget shape;
    std::map<std::string, std::string> tags;
    // The latest scaling out and in, by policies.
    Time last_out{}, last_in{};
    Time out_until{}, in_until{};  // Cooldowns.
    int32_t out_from = 0;          // The capacity before the latest scaling out.
    void fields(auto& field) {
        field(1, shape);
        field(2, tags);
        field(3, last_out);
        field(4, last_in);
        field(5, out_until);
        field(6, in_until);
        field(7, out_from);
    }
};

struct StoredPolicy {
    model::ScalingPolicy shape;
    void fields(auto& field) { field(1, shape); }
};

struct StoredAction {
    model::ScheduledAction shape;
    Time fired;  // The last time, or the creation; what comes next is after it.
    bool over = false;
    void fields(auto& field) {
        field(1, shape);
        field(2, fired);
        field(3, over);
    }
};

struct StoredActivity {
    model::ScalingActivity shape;
    void fields(auto& field) { field(1, shape); }
};

namespace schema {
using Text = std::string;
// Account, region, namespace, resource, dimension.
inline const store::Table<StoredTarget, Text, Text, Text, Text, Text> targets{
    "application-autoscaling/targets"};
// …, name
inline const store::Table<StoredPolicy, Text, Text, Text, Text, Text, Text> policies{
    "application-autoscaling/policies"};
inline const store::Table<StoredAction, Text, Text, Text, Text, Text, Text> actions{
    "application-autoscaling/scheduled-actions"};
// Account, region, namespace, time in microseconds counted down (the newest first), id.
inline const store::Table<StoredActivity, Text, Text, Text, int64_t, Text> activities{
    "application-autoscaling/activities"};
}  // namespace schema

inline std::tuple<std::string, std::string, std::string, std::string, std::string> key_of(
    const TargetName& name) {
    return {name.account, name.region, name.space, name.resource, name.dimension};
}
inline std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>
key_of(const TargetName& name, const std::string& part) {
    return {name.account, name.region, name.space, name.resource, name.dimension, part};
}

}  // namespace unkai::services::application_autoscaling

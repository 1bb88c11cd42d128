#include "services/secretsmanager/versions.h"

namespace unkai::services::secretsmanager {

std::string version_with(const Secret& secret, const std::string& stage) {
    for (const auto& [id, version] : secret.versions)
        if (version.stages.contains(stage)) return id;
    return {};
}

void move_stage(Secret& secret, const std::string& stage, const std::string& to_version) {
    const std::string from = version_with(secret, stage);
    if (from == to_version) return;
    if (!from.empty()) secret.versions[from].stages.erase(stage);
    secret.versions[to_version].stages.insert(stage);
    if (stage == current && !from.empty()) {
        move_stage(secret, previous, from);
        secret.versions[to_version].stages.erase(previous);
    }
}

std::vector<std::string> too_old(const Secret& secret, size_t most) {
    std::vector<std::pair<Time, std::string>> unlabelled;
    for (const auto& [id, version] : secret.versions)
        if (version.stages.empty()) unlabelled.emplace_back(version.created, id);
    std::sort(unlabelled.begin(), unlabelled.end());
    std::vector<std::string> out;
    for (const auto& [created, id] : unlabelled)
        if (secret.versions.size() - out.size() > most) out.push_back(id);
    return out;
}

}  // namespace unkai::services::secretsmanager

#include "services/cloudformation/graph.h"

#include "base/strings.h"
#include "services/cloudformation/references.h"

namespace unkai::services::cloudformation {

namespace {

// Can `to` be reached from `from` by at least one step?
bool reaches(const Graph& graph, const std::string& from, const std::string& to) {
    std::set<std::string> seen;
    std::vector<std::string> open{from};
    while (!open.empty()) {
        const std::string name = std::move(open.back());
        open.pop_back();
        for (const std::string& next : graph.at(name)) {
            if (next == to) return true;
            if (seen.insert(next).second) open.push_back(next);
        }
    }
    return false;
}

Status refuse_cycles(const Values& values, const Graph& graph) {
    // Kahn: what can never be created is on a cycle or needs one.
    std::set<std::string> done;
    for (bool moved = true; moved;) {
        moved = false;
        for (const auto& [name, needs] : graph)
            if (!done.contains(name) &&
                std::includes(done.begin(), done.end(), needs.begin(), needs.end()))
                moved = done.insert(name).second;
    }
    std::vector<std::string> cyclic;
    for (const Resource& resource : values.declared.resources)
        if (graph.contains(resource.name) && !done.contains(resource.name) &&
            reaches(graph, resource.name, resource.name))
            cyclic.push_back(resource.name);
    if (cyclic.empty()) return ok();
    return validation_error("Circular dependency between resources: [" + join(cyclic, ", ") + "]");
}

}  // namespace

Result<Graph> dependency_graph(const Values& values) {
    Graph graph;
    std::vector<std::string> missing;
    for (const Resource& resource : values.declared.resources) {
        if (!values.is_active(resource)) continue;
        References found;
        REQUIRE(collect_references(take_branches(resource.properties, values.conditions), false,
                                   found));
        for (const auto& [name, attribute] : found.attributes) found.names.insert(name);
        std::set<std::string>& needs = graph[resource.name];
        for (const std::string& name : found.names) {
            const Resource* needed = values.declared.resource(name);
            if (!needed) continue;  // A parameter.
            if (!values.is_active(*needed))
                missing.push_back(name);
            else
                needs.insert(name);
        }
        for (const std::string& name : resource.depends_on) {
            const Resource* needed = values.declared.resource(name);
            if (needed && values.is_active(*needed)) needs.insert(name);
        }
    }
    if (!missing.empty())
        return validation_error("Template format error: Unresolved resource dependencies [" +
                                join(missing, ", ") + "] in the Resources block of the template");
    REQUIRE(refuse_cycles(values, graph));
    return graph;
}

}  // namespace unkai::services::cloudformation

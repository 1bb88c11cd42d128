// How a reader and the writer change places.
#include "planes/mysql/local_plane.h"

namespace unkai::planes::mysql {

constexpr Duration patience = 40s;

Task<Result<std::string>> Instance::step_down() {
    const Steady deadline = loop().steady() + patience;
    CO_TRY(Session session, co_await connect(deadline));
    std::string position;
    for (const std::string& statement : cluster_.ground.engine->step_down()) {
        CO_TRY(const auto reply, co_await session.query(statement, deadline));
        position = reply.first("position").value_or("");
    }
    co_return position;
}

Task<Status> Instance::stay_writer() {
    const Steady deadline = loop().steady() + patience;
    CO_TRY(Session session, co_await connect(deadline));
    CO_TRY(const auto reply,
           co_await session.query(cluster_.ground.engine->stay_writer(), deadline));
    co_return ok();
}

// Until its first statement nothing has changed on either side.
Task<Status> Instance::take_over(std::string position) {
    const Steady deadline = loop().steady() + patience;
    CO_TRY(Session session, co_await connect(deadline));
    if (!position.empty()) {
        CO_TRY(const auto reply,
               co_await session.query(cluster_.ground.engine->wait_for(position), deadline));
        if (reply.first("reached") != "0")
            co_return fail("WriterNotAvailable",
                           "The reader " + spec_.name + " did not catch up with its writer.", 503);
    }
    CO_REQUIRE(cluster_.record_writer(spec_.name));  // The point of no return.
    for (const std::string& statement : cluster_.ground.engine->take_over())
        CO_REQUIRE(co_await session.query(statement, deadline));
    spec_.role = Role::writer;
    health_.role = Role::writer;
    health_.lag.reset();
    health_.message.clear();
    co_return co_await write_configuration();
}

Task<Status> Instance::follow_from(std::string position) {
    co_await stop();
    InstanceSpec spec = spec_;
    spec.role = Role::reader;
    CO_REQUIRE(write_file(folder_ + "/seed", position, 0600, {}));
    co_return co_await start(std::move(spec));
}

Task<Status> Instance::follow_writer() {
    const Steady deadline = loop().steady() + patience;
    CO_TRY(Session session, co_await connect(deadline));
    co_return co_await configure(session);
}

Task<Status> LocalPlane::promote(std::string name, std::string instance) {
    Cluster* cluster = find(name);
    CO_TRY(const std::shared_ptr<Instance> target, find(name, instance));
    Instance* found = cluster->writer();
    if (found == target.get()) co_return ok();
    if (found == nullptr || found->health().state != State::available ||
        target->health().state != State::available)
        co_return fail("WriterNotAvailable",
                       "The writer and the reader must both run to change places.", 409);
    const std::shared_ptr<Instance> writer = cluster->instances.at(found->spec().name);
    CO_TRY(const std::string position, co_await writer->step_down());
    writer->demote();  // From here on the target is the cluster's only writer.
    if (Status taken = co_await target->take_over(position); !taken) {
        if (cluster->recorded_writer() == target->spec().name) {
            // Too late to go back: their next starts give them their new places.
            co_await target->stop();
            co_await writer->stop();
            co_return taken;
        }
        writer->reinstate();
        CO_REQUIRE(co_await writer->stay_writer());
        co_return taken;
    }
    cluster->changed.notify_all();
    for (const auto& [other_name, other] : std::map(cluster->instances))
        if (other != target && other != writer && other->health().state == State::available)
            CO_REQUIRE(co_await other->follow_writer());
    co_return co_await writer->follow_from(position);
}

}  // namespace unkai::planes::mysql

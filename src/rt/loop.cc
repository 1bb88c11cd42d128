#include "rt/loop.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace unkai {

namespace {
thread_local Loop* current_loop = nullptr;
constexpr int most_events = 128;
}  // namespace

void Fd::reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

// ---- Timers: a binary heap of pointers; each timer knows its place.

void Timer::set(Steady due, void (*fire)(void*), void* context) {
    cancel();
    due_ = due;
    fire_ = fire;
    context_ = context;
    loop_.heap_.push_back(this);
    index_ = loop_.heap_.size() - 1;
    loop_.sift_up(index_);
}

void Timer::cancel() {
    if (index_ == npos) return;
    const size_t hole = std::exchange(index_, npos);
    Timer* last = loop_.heap_.back();
    loop_.heap_.pop_back();
    if (last == this) return;
    loop_.place(last, hole);
    loop_.sift_up(hole);
    loop_.sift_down(last->index_);
}

void Loop::place(Timer* timer, size_t index) {
    heap_[index] = timer;
    timer->index_ = index;
}

void Loop::sift_up(size_t index) {
    Timer* timer = heap_[index];
    while (index > 0) {
        const size_t parent = (index - 1) / 2;
        if (heap_[parent]->due_ <= timer->due_) break;
        place(heap_[parent], index);
        index = parent;
    }
    place(timer, index);
}

void Loop::sift_down(size_t index) {
    Timer* timer = heap_[index];
    while (true) {
        size_t child = index * 2 + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
        if (timer->due_ <= heap_[child]->due_) break;
        place(heap_[child], index);
        index = child;
    }
    place(timer, index);
}

// ---- Stop

void Stop::request() {
    if (requested_) return;
    requested_ = true;
    while (first_ != nullptr) {
        Watch* watch = first_;
        watch->leave();
        watch->on_stop_(watch->context_);
    }
}

void Stop::Watch::join(Stop& stop, void (*on_stop)(void*), void* context) {
    leave();
    stop_ = &stop;
    on_stop_ = on_stop;
    context_ = context;
    next_ = stop.first_;
    previous_ = nullptr;
    if (next_ != nullptr) next_->previous_ = this;
    stop.first_ = this;
}

void Stop::Watch::leave() {
    if (stop_ == nullptr) return;
    if (previous_ != nullptr)
        previous_->next_ = next_;
    else
        stop_->first_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    stop_ = nullptr;
}

// ---- Waiter

void Waiter::suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (deadline_ != never)
        timer_.set(
            deadline_, [](void* self) { static_cast<Waiter*>(self)->wake(Wake::timed_out); }, this);
    if (stop_ != nullptr)
        watch_.join(
            *stop_, [](void* self) { static_cast<Waiter*>(self)->wake(Wake::stopped); }, this);
}

void Waiter::wake(Wake why) {
    if (!handle_) return;
    timer_.cancel();
    watch_.leave();
    leave_slot();
    outcome_ = why;
    std::exchange(handle_, {}).resume();
}

// ---- Loop

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_up_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    CHECK(epoll_ && wake_up_, "no file descriptor left for an event loop");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_up_.get(), &event) == 0);
}

Loop::~Loop() { CHECK(heap_.empty(), "a Loop was destroyed while timers are set"); }

Time Loop::now() const { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

Steady Loop::steady() const {
    return std::chrono::floor<Duration>(std::chrono::steady_clock::now());
}

Loop* Loop::current() { return current_loop; }

void Loop::post(std::function<void()> work) {
    bool first;
    {
        const std::lock_guard lock(posted_mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(work));
    }
    if (!first) return;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_up_.get(), &one, sizeof one);
}

void Loop::stop() {
    post([this] { stopping_ = true; });
}

bool Loop::has_posted() {
    const std::lock_guard lock(posted_mutex_);
    return !posted_.empty();
}

void Loop::run_posted() {
    {
        const std::lock_guard lock(posted_mutex_);
        running_.swap(posted_);
    }
    for (auto& work : running_) work();
    running_.clear();
}

void Loop::run_timers() {
    const Steady time = steady();
    // A timer set to "now" while timers run waits for the next turn, so that I/O is not starved.
    for (size_t left = heap_.size(); left > 0 && !heap_.empty() && heap_[0]->due_ <= time; --left) {
        Timer* timer = heap_[0];
        timer->cancel();
        timer->fire_(timer->context_);
    }
}

void Loop::run() {
    Loop* const outer = std::exchange(current_loop, this);
    stopping_ = false;
    while (!stopping_ && step()) {
    }
    current_loop = outer;
    if (outer == nullptr) frames::release();  // The thread has nothing else to run.
}

// I/O before timers: after a turn that took too long, what arrived in time is not late.
bool Loop::step() {
    run_posted();
    if (stopping_) return true;
    if (!wait(heap_.empty() ? never : heap_[0]->due_)) return false;
    run_timers();
    return true;
}

bool Loop::wait(Steady due) {
    int timeout = -1;
    if (due != never) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - steady()).count();
        timeout = static_cast<int>(std::clamp<int64_t>(left, 0, 60000));
    }
    if (has_posted()) timeout = 0;
    std::array<epoll_event, most_events> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), most_events, timeout);
    CHECK(count >= 0 || errno == EINTR, "epoll_wait failed");
    // A handler may destroy the Io of a later event: states are marked, and freed after the batch.
    for (int i = 0; i < count; ++i)
        if (events[static_cast<size_t>(i)].data.ptr != nullptr)
            static_cast<Io::State*>(events[static_cast<size_t>(i)].data.ptr)->dispatching = true;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.ptr == nullptr) {
            uint64_t drained;
            [[maybe_unused]] const ssize_t got = ::read(wake_up_.get(), &drained, sizeof drained);
            continue;
        }
        auto* state = static_cast<Io::State*>(event.data.ptr);
        const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        if (!state->closed && (broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0)) {
            if ((event.events & EPOLLRDHUP) != 0) state->hung_up = true;
            state->can_read = true;
            if (state->reader != nullptr) state->reader->wake(Wake::ready);
        }
        if (!state->closed && (broken || (event.events & EPOLLOUT) != 0)) {
            state->can_write = true;
            if (state->writer != nullptr) state->writer->wake(Wake::ready);
        }
    }
    for (int i = 0; i < count; ++i) {
        auto* state = static_cast<Io::State*>(events[static_cast<size_t>(i)].data.ptr);
        if (state == nullptr) continue;
        state->dispatching = false;
        if (state->closed) delete state;
    }
    return true;
}

// ---- Io

Io::Io(Loop& loop, Fd fd) : state_(std::make_unique<State>()) {
    state_->loop = &loop;
    state_->fd = std::move(fd);
    const int flags = ::fcntl(state_->fd.get(), F_GETFL);
    ::fcntl(state_->fd.get(), F_SETFL, flags | O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = state_.get();
    CHECK(::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, state_->fd.get(), &event) == 0,
          "this descriptor cannot be waited for");
}

Io::Io(Io&&) noexcept = default;

Io& Io::operator=(Io&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

void Io::close() {
    if (!state_) return;
    State* state = state_.release();
    state->closed = true;
    // By hand: a child between fork and exec may hold a copy of the descriptor, and then closing
    // ours would leave the registration, with a pointer to what is freed below.
    ::epoll_ctl(state->loop->epoll_.get(), EPOLL_CTL_DEL, state->fd.get(), nullptr);
    state->fd.reset();
    const bool dispatching = state->dispatching;  // Then the loop frees it after its batch.
    if (state->reader != nullptr) state->reader->wake(Wake::stopped);
    if (state->writer != nullptr) state->writer->wake(Wake::stopped);
    if (!dispatching) delete state;
}

Io::Ready Io::readable(Steady deadline, Stop* stop) {
    return Ready{*state_, false, Waiter{*state_->loop, deadline, stop}};
}

Io::Ready Io::writable(Steady deadline, Stop* stop) {
    return Ready{*state_, true, Waiter{*state_->loop, deadline, stop}};
}

bool Io::Ready::await_ready() {
    if (waiter.stopped_already()) {
        waiter.set_outcome(Wake::stopped);
        return true;
    }
    bool& can = write ? state.can_write : state.can_read;
    return std::exchange(can, false);
}

void Io::Ready::await_suspend(std::coroutine_handle<> handle) {
    Waiter*& slot = write ? state.writer : state.reader;
    CHECK(slot == nullptr, "two coroutines wait for the same end of one descriptor");
    waiter.enter_slot(slot);
    waiter.suspend(handle);
}

}  // namespace unkai

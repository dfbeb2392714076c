/*
 * The executor of this thread: found without being handed round.
 */
#include "other.h"
#include "runtime.h"
#include "script_memory.h"

static Executor *seen;

static void look(void *unused) {
    (void)unused;
    seen = local_executor();
}

Test(local_executor, is_there_from_new_to_free, .timeout = 60) {
    cr_assert_null(local_executor(),
                   "There is a local executor before any was made.");
    Executor *executor = stage_open();
    cr_assert_eq(local_executor(), executor,
                 "This thread has made an executor; local_executor() does not "
                 "find it.");
    stage_close(executor);
    cr_assert_null(local_executor(),
                   "The executor was freed, and local_executor() still points "
                   "to it.");
}

Test(local_executor, is_nobody_elses, .timeout = 60) {
    Executor *executor = stage_open();
    seen = executor;
    on_another_thread(look, NULL);
    cr_assert_null(seen, "Another thread found this thread's executor: a plain "
                         "`static` variable is shared by all threads, a "
                         "_Thread_local one is not.");
    stage_close(executor);
}

static void make_another(void *unused) {
    (void)unused;
    Executor *executor = stage_open();
    seen = local_executor() == executor ? executor : NULL;
    executor_free(executor);
}

Test(local_executor, exists_once_for_each_thread, .timeout = 60) {
    Executor *executor = stage_open();
    on_another_thread(make_another, NULL);
    cr_assert_not_null(seen, "A second thread could not have an executor.");
    cr_assert_eq(local_executor(), executor,
                 "A second thread made and freed an executor of its own, and "
                 "the first thread's was lost.");
    stage_close(executor);
}

Test(local_executor, can_be_made_again_after_it_was_freed, .timeout = 60) {
    for (int i = 0; i < 3; i++) {
        stage_close(stage_open());
    }
}

Test(local_executor, is_nobody_when_making_it_failed, .timeout = 60) {
    Executor *executor = NULL;
    script_refuse_allocation = 1;
    int result = executor_new(&executor);
    cr_assert_eq(result, -ENOMEM,
                 "Memory was refused, and executor_new() answered %s.",
                 error_name(result));
    cr_assert(executor == NULL && local_executor() == NULL,
              "executor_new() failed, and left a local executor behind.");
}

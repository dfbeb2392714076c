/**
 * @file
 * What a task asks of its executor. For task.c only.
 */
#ifndef EXECUTOR_INTERNAL_H
#define EXECUTOR_INTERNAL_H

#include "task.h"

/**
 * Takes a new task into care. Executor's thread.
 *
 * @param[in,out] executor  gets one more reference: the task's.
 * @param[in,out] task      borrowed until executor_disown().
 */
void executor_adopt(Executor *executor, Task *task);

/**
 * Lets a completed task go. Executor's thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      adopted by it.
 */
void executor_disown(Executor *executor, Task *task);

/**
 * Puts a task into the ready queue and sees to it that the executor notices.
 * Any thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      its QUEUED bit has just been set by the caller. If
 *                          the executor is gone, its reference is given back.
 */
void executor_enqueue(Executor *executor, Task *task);

/**
 * Gives back a reference to the executor; the last one frees it. Any thread.
 *
 * @param[in,out] executor  consumed.
 */
void executor_release(Executor *executor);

#endif

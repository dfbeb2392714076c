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
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      borrowed until executor_disown(); one reference is
 *                          the executor's until executor_give_back().
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
 * Gives back the executor's reference to a task that is completed and out of
 * the ready queue. Executor's thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      consumed.
 */
void executor_give_back(Executor *executor, Task *task);

#endif

/* The page ../back-ends.md shows this. */
#include <winsock2.h>

void wait_until_readable(SOCKET socket);

//! [wait]
void wait_until_readable(SOCKET socket) {
    WSABUF nothing = {0, NULL};
    OVERLAPPED lent = {0}, *done;
    DWORD bytes, flags = 0;
    ULONG_PTR key;
    HANDLE port = CreateIoCompletionPort((HANDLE)socket, NULL, 0, 0);
    WSARecv(socket, &nothing, 1, NULL, &flags, &lent, NULL);
    GetQueuedCompletionStatus(port, &bytes, &key, &done, INFINITE);
    CloseHandle(port);
}
//! [wait]

/* Where the fields of the kernel's structures are, for the host that reads guest memory. Never linked: the compiler
 * puts each number into its assembly output, and symbols.py takes it from there. */
#include <ex.h>
#include <ke.h>
#include <mm.h>
#include <mmpaging.h>
#include <nt.h>
#include <ob.h>
#include <ps.h>
#include <se.h>

VOID KiStructureOffsets(VOID);

#define OFFSET(Structure, Field) \
    __asm__ volatile(".ascii \"offset " #Structure "." #Field " %c0\"" :: "i"(offsetof(Structure, Field)))
#define SIZE(Structure) __asm__ volatile(".ascii \"size " #Structure " %c0\"" :: "i"(sizeof(Structure)))

static inline VOID ProcessesLayout(VOID)
{
    SIZE(EPROCESS);
    OFFSET(EPROCESS, Pcb);
    OFFSET(EPROCESS, UniqueProcessId);
    OFFSET(EPROCESS, InheritedFromUniqueProcessId);
    OFFSET(EPROCESS, ActiveProcessLinks);
    OFFSET(EPROCESS, ThreadListHead);
    OFFSET(EPROCESS, ActiveThreads);
    OFFSET(EPROCESS, SessionId);
    OFFSET(EPROCESS, Token);
    OFFSET(EPROCESS, ObjectTable);
    OFFSET(EPROCESS, Peb);
    OFFSET(EPROCESS, ImageFileName);
    OFFSET(EPROCESS, ImagePathName);
    OFFSET(EPROCESS, Protection);
    OFFSET(EPROCESS, BreakOnTermination);
    OFFSET(EPROCESS, ProcessExiting);
    OFFSET(EPROCESS, ExitStatus);
    SIZE(KPROCESS);
    OFFSET(KPROCESS, Header);
    OFFSET(KPROCESS, DirectoryTableBase);
    OFFSET(KPROCESS, ThreadListHead);
}

static inline VOID ThreadsLayout(VOID)
{
    SIZE(ETHREAD);
    OFFSET(ETHREAD, Tcb);
    OFFSET(ETHREAD, Cid);
    OFFSET(ETHREAD, ThreadsProcess);
    OFFSET(ETHREAD, ThreadListEntry);
    OFFSET(ETHREAD, SystemThread);
    SIZE(CLIENT_ID);
    OFFSET(CLIENT_ID, UniqueProcess);
    OFFSET(CLIENT_ID, UniqueThread);
    SIZE(KTHREAD);
    OFFSET(KTHREAD, Header);
    OFFSET(KTHREAD, State);
    OFFSET(KTHREAD, WaitReason);
    OFFSET(KTHREAD, WaitMode);
    OFFSET(KTHREAD, WaitBlockList);
    OFFSET(KTHREAD, WaitBlock);
    OFFSET(KTHREAD, Timer);
    OFFSET(KTHREAD, Process);
    OFFSET(KTHREAD, KernelStack);
    OFFSET(KTHREAD, TrapFrame);
    OFFSET(KTHREAD, Teb);
    OFFSET(KTHREAD, ContextSwitches);
    SIZE(KWAIT_BLOCK);
    OFFSET(KWAIT_BLOCK, WaitListEntry);
    OFFSET(KWAIT_BLOCK, Thread);
    OFFSET(KWAIT_BLOCK, Object);
    OFFSET(KWAIT_BLOCK, NextWaitBlock);
    OFFSET(KWAIT_BLOCK, WaitKey);
    OFFSET(KWAIT_BLOCK, WaitType);
    SIZE(DISPATCHER_HEADER);
    OFFSET(DISPATCHER_HEADER, Type);
    OFFSET(DISPATCHER_HEADER, SignalState);
    OFFSET(DISPATCHER_HEADER, WaitListHead);
    SIZE(KPRCB);
    OFFSET(KPRCB, CurrentThread);
    OFFSET(KPRCB, IdleThread);
    SIZE(KI_IDLE_STATE);
    OFFSET(KI_IDLE_STATE, Until);
    OFFSET(KI_IDLE_STATE, Count);
    OFFSET(KI_IDLE_STATE, TotalNs);
}

static inline VOID ObjectsLayout(VOID)
{
    SIZE(OBJECT_HEADER);
    OFFSET(OBJECT_HEADER, PointerCount);
    OFFSET(OBJECT_HEADER, HandleCount);
    OFFSET(OBJECT_HEADER, Type);
    OFFSET(OBJECT_HEADER, Flags);
    OFFSET(OBJECT_HEADER, Directory);
    OFFSET(OBJECT_HEADER, Name);
    OFFSET(OBJECT_HEADER, SecurityDescriptor);
    OFFSET(OBJECT_HEADER, Body);
    SIZE(OBJECT_TYPE);
    OFFSET(OBJECT_TYPE, Name);
    OFFSET(OBJECT_TYPE, Index);
    OFFSET(OBJECT_TYPE, TotalNumberOfObjects);
    OFFSET(OBJECT_TYPE, DefaultDispatcherOffset);
    SIZE(OBJECT_DIRECTORY);
    OFFSET(OBJECT_DIRECTORY, HashBuckets);
    SIZE(OBJECT_DIRECTORY_ENTRY);
    OFFSET(OBJECT_DIRECTORY_ENTRY, ChainLink);
    OFFSET(OBJECT_DIRECTORY_ENTRY, Object);
    SIZE(OBJECT_SYMBOLIC_LINK);
    OFFSET(OBJECT_SYMBOLIC_LINK, LinkTarget);
}

static inline VOID SecurityLayout(VOID)
{
    SIZE(TOKEN);
    OFFSET(TOKEN, SessionId);
    OFFSET(TOKEN, GroupCount);
    OFFSET(TOKEN, PrivilegeCount);
    OFFSET(TOKEN, UserSid);
    OFFSET(TOKEN, OwnerSid);
    OFFSET(TOKEN, IntegritySid);
    OFFSET(TOKEN, Groups);
    OFFSET(TOKEN, Privileges);
}

static inline VOID UserModeLayout(VOID)
{
    SIZE(PEB);
    OFFSET(PEB, ImageBaseAddress);
    OFFSET(PEB, ProcessParameters);
    OFFSET(PEB, SessionId);
    SIZE(RTL_USER_PROCESS_PARAMETERS);
    OFFSET(RTL_USER_PROCESS_PARAMETERS, ImagePathName);
    OFFSET(RTL_USER_PROCESS_PARAMETERS, CommandLine);
    OFFSET(RTL_USER_PROCESS_PARAMETERS, Environment);
    OFFSET(RTL_USER_PROCESS_PARAMETERS, EnvironmentSize);
}

static inline VOID PagingFilesLayout(VOID)
{
    SIZE(MMPAGING_FILE);
    OFFSET(MMPAGING_FILE, VolumeStart);
    OFFSET(MMPAGING_FILE, Size);
    OFFSET(MMPAGING_FILE, Extents);
    OFFSET(MMPAGING_FILE, ExtentCount);
    SIZE(MI_EXTENT);
    OFFSET(MI_EXTENT, FileOffset);
    OFFSET(MI_EXTENT, VolumeOffset);
    OFFSET(MI_EXTENT, Length);
}

VOID KiStructureOffsets(VOID)
{
    PagingFilesLayout();
    ProcessesLayout();
    ThreadsLayout();
    ObjectsLayout();
    SecurityLayout();
    UserModeLayout();
}

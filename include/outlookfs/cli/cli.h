/*
 * cli.h - the program `outlookfs`: its commands, options and exit codes. The man page
 * docs/outlookfs.1 is its manual for users.
 *
 * Exit codes: 0 done; 1 not done, one line on standard error says why; 2 the command line was not
 * understood.
 *
 * Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_CLI_H
#define OUTLOOKFS_CLI_CLI_H

int cli_main(int argc, char **argv);

#endif

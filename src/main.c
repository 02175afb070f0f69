/*
 * main.c - the program outlookfs.
 */
#include <outlookfs/cli/cli.h>

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
